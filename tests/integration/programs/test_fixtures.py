import psycopg


def test_each_test_has_a_migrated_database_of_its_own(postgres_server):
    with postgres_server.database() as first, postgres_server.database() as second:
        with psycopg.connect(first) as connection:
            connection.execute("INSERT INTO site (site, name) VALUES ('one', 'One')")
        with psycopg.connect(second) as connection:
            assert connection.execute("SELECT count(*) FROM site").fetchone() == (0,)
