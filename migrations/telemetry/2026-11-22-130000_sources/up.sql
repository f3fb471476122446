-- A value may say another source than the key that it is sent with.
alter table refusals drop constraint refusals_code_check;
alter table refusals add constraint refusals_code_check check (code in ('VALUE_MALFORMED', 'TEXT_INVALID', 'SOURCE_DENIED',
    'OBSERVED_AT_INVALID', 'OBSERVED_AT_TOO_EARLY', 'OBSERVED_AT_IN_FUTURE', 'VALUE_TOO_LARGE', 'VALUE_TYPE_WRONG',
    'ASSIGNMENT_UNKNOWN', 'ATTRIBUTE_UNKNOWN', 'ATTRIBUTE_AMBIGUOUS'));
