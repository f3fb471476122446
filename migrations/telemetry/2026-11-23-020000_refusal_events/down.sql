drop table refusal_events;
