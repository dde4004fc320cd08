package config_test

import (
	"strings"
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
			// API_KEY and API_KEYS are always read together.
			isPair := strings.HasPrefix(name, "API_KEY") && strings.HasPrefix(other, "API_KEY")
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
