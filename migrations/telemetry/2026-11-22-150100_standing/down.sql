alter table facts drop column standing;
alter table attributes drop column vanished_at;
