"""The central program: keeps what gateways send in PostgreSQL and answers operators."""
