package mcp

import (
	"encoding/json"

	"carstock/services/carapi/internal/search"
)

// OpenAI returns the tools as OpenAI's function tools in strict mode: every input is required, and null means that it
// is not used. With chat they have the form of the Chat Completions API, and otherwise that of the Responses API.
func OpenAI(fields []search.Description, chat bool) ([]byte, error) {
	functions := []jsonObject{}
	for _, t := range newTools(fields) {
		properties, required := jsonObject{}, []string{}
		for _, i := range t.Inputs {
			p := i.schema()
			p["type"] = []any{p["type"], "null"}
			properties[i.Name] = p
			required = append(required, i.Name)
		}

		function := jsonObject{
			"name": t.Name, "description": t.About, "strict": true,
			"parameters": jsonObject{
				"type": "object", "properties": properties, "required": required,
				"additionalProperties": false,
			},
		}
		if chat {
			functions = append(functions, jsonObject{"type": "function", "function": function})
		} else {
			function["type"] = "function"
			functions = append(functions, function)
		}
	}

	return json.Marshal(jsonObject{"tools": functions})
}
