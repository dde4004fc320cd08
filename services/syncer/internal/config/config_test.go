package config_test

import (
	"strings"
	"testing"

	"github.com/joho/godotenv"

	"carstock/pkg/settings"
	"carstock/services/syncer/internal/config"
)

func TestEnvExampleListsEveryVariable(t *testing.T) {
	example, err := godotenv.Read("../../../../.env.example")
	if err != nil {
		t.Fatal(err)
	}
	keys, err := settings.VariableNames(&config.Config{})
	if err != nil || len(keys) == 0 {
		t.Fatal(keys, err)
	}

	for _, key := range keys {
		if _, ok := example[key]; !ok {
			t.Errorf("%s is not in .env.example", key)
		}
	}
}

func TestEveryVariableIsDescribed(t *testing.T) {
	var table strings.Builder
	if err := settings.Describe(&table, &config.Config{}); err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(table.String()) {
		if strings.HasSuffix(strings.TrimSpace(line), "|  |") {
			t.Errorf("no description: %s", line)
		}
	}
}
