drop table custom_attributes, tags, releases, outcomes, licenses;
