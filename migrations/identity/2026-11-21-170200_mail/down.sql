drop table letters;
drop table one_time_links;
drop table invitations;
