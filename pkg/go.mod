module carstock/pkg

go 1.26.0

require (
	github.com/go-sql-driver/mysql v1.10.1
	github.com/jmoiron/sqlx v1.4.0
	github.com/joho/godotenv v1.5.1
	github.com/kelseyhightower/envconfig v1.4.0
	github.com/mattn/go-sqlite3 v1.14.53
	gopkg.in/ini.v1 v1.67.3
)

require filippo.io/edwards25519 v1.2.0 // indirect
