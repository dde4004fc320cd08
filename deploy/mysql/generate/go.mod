module carstock/deploy/mysql/generate

go 1.26.0
