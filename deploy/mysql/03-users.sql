-- The services' users, each with no more than it reads.
--
--   mysql vehicles_db < 03-users.sql
--
-- The passwords are for the demo only: on a server that anyone else can reach, create the users by hand.
-- A table name without a database means the current one, so the grants hold for the database that the
-- tables were loaded into.

CREATE USER IF NOT EXISTS 'syncer'@'%' IDENTIFIED BY 'syncer-demo';
CREATE USER IF NOT EXISTS 'carapi'@'%' IDENTIFIED BY 'carapi-demo';

-- The view runs with the rights of whoever created it, so syncer needs none on the tables behind it.
GRANT SELECT ON vehicles_view TO 'syncer'@'%';

GRANT SELECT ON vehicles_stock TO 'carapi'@'%';
GRANT SELECT ON vehicles_view TO 'carapi'@'%';
