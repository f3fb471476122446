drop function second_factor_asked_of(uuid);
