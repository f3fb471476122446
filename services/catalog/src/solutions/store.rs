//! The statements of solutions.

use db::{Conn, Tx};
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use kernel::{Cursor, Problem, SolutionId, TenantId, Timestamp};
use serde_json::{Value, json};

use super::model::{REFUSALS, Solution};
use crate::owners::{OwnerQuery, Sort, owner_statements};
use crate::refusals::refused;
use crate::schema::solutions;
use crate::statements::{keyset, row_statements};

row_statements!(solutions, Solution, SolutionId, refused by REFUSALS);
owner_statements!(solutions, Solution, SolutionId);
