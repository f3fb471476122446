drop table ceremonies;
drop table passkeys;
drop table recovery_codes;
drop table authenticators;
