package config_test

import (
	"testing"

	"github.com/joho/godotenv"

	"carstock/pkg/settings"
	"carstock/services/carapi/internal/config"
)

// No setting is taken for a misspelling of another one.
func TestVariablesAreFarApart(t *testing.T) {
	example, err := godotenv.Read("../../../../.env.example")
	if err != nil {
		t.Fatal(err)
	}

	for name := range example {
		for other := range example {
			isPair := name == "API_KEY" && other == "API_KEYS" || name == "API_KEYS" && other == "API_KEY" // always read together
			if name != other && !isPair && settings.IsTypo(name, other) {
				t.Errorf("%s looks like a misspelling of %s", name, other)
			}
		}
	}
}

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
