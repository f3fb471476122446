delete from jobs where kind = 'health.daily';
drop table health_days, health_weights;
