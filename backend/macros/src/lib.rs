//! db_test.
