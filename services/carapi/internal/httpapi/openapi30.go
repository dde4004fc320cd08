package httpapi

import (
	"encoding/json"
	"maps"
	"slices"
)

// asOpenAPI30 converts a document of OpenAPI 3.1 to 3.0, for gateways and generators that do not know 3.1.
func asOpenAPI30(document object) (object, error) {
	// Encode and decode the document, so that all its parts have the types of decoded JSON.
	text, err := json.Marshal(document)
	if err != nil {
		return nil, err
	}

	var d object
	if err := json.Unmarshal(text, &d); err != nil {
		return nil, err
	}

	d["openapi"] = "3.0.3"
	delete(d["info"].(object), "summary")

	schemas := d["components"].(object)["schemas"].(object)
	for name, schema := range schemas {
		schemas[name] = schema30(schema)
	}

	replaceSchemas(d)
	return d, nil
}

// replaceSchemas replaces the schemas of parameters, headers and contents. It does not descend into schemas: there, a
// member named schema is a property.
func replaceSchemas(part any) {
	switch part := part.(type) {
	case object:
		for name, inner := range part {
			switch name {
			case "schema":
				part[name] = schema30(inner)
			case "schemas": // already replaced
			default:
				replaceSchemas(inner)
			}
		}
	case []any:
		for _, inner := range part {
			replaceSchemas(inner)
		}
	}
}

// schema30 converts a schema of JSON Schema 2020-12 to OpenAPI 3.0.
func schema30(schema any) any {
	from, ok := schema.(object)
	if !ok { // additionalProperties: false
		return schema
	}

	if reference := from["$ref"]; reference != nil {
		if len(from) == 1 {
			return from
		}

		to := maps.Clone(from) // 3.0 ignores the members beside a reference
		delete(to, "$ref")
		to["allOf"] = []any{object{"$ref": reference}}

		return to
	}

	to := object{}
	if from["type"] == nil { // anything, including null
		to["nullable"] = true
	}

	for keyword, v := range from {
		switch keyword {
		case "type":
			setTypes(to, v)
		case "examples":
			to["example"] = v.([]any)[0]
		case "contentEncoding":
			to["format"] = "byte"
		case "items", "additionalProperties":
			to[keyword] = schema30(v)
		case "properties":
			properties := object{}
			for name, property := range v.(object) {
				properties[name] = schema30(property)
			}
			to[keyword] = properties
		default:
			to[keyword] = v
		}
	}

	if alternatives, several := to["anyOf"].([]any); several && to["format"] != nil { // the format of the number
		alternatives[0].(object)["format"] = to["format"]
		delete(to, "format")
	}

	return to
}

// setTypes sets the type of a schema. 3.0 has no lists of types: null is a separate keyword, and other types are
// alternatives.
func setTypes(to object, types any) {
	several, ok := types.([]any)
	if !ok {
		to["type"] = types
		return
	}

	alternatives := []any{}
	for _, t := range several {
		if t != "null" {
			alternatives = append(alternatives, object{"type": t})
		}
	}

	first := alternatives[0].(object)
	if slices.Contains(several, any("null")) {
		first["nullable"] = true
	}

	if len(alternatives) > 1 {
		to["anyOf"] = alternatives
		return
	}

	maps.Copy(to, first)
}
