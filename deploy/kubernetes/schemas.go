// Schemas writes the JSON schemas that check.sh validates manifests with. It makes GROUP-VERSION-KIND.json for each
// kind of object in OpenAPI documents and in CRDs in JSON. If these list the fields of an object, other fields are
// errors.
//
//	go run schemas.go FOLDER FILE...
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

type object = map[string]any

// document holds the needed parts of an OpenAPI document or a CRD.
type document struct {
	Components struct {
		Schemas map[string]object
	}
	Spec struct {
		Group    string
		Names    struct{ Kind string }
		Versions []struct {
			Name   string
			Schema struct{ OpenAPIV3Schema object }
		}
	}
}

// kind identifies a kind of object.
type kind struct{ Group, Version, Kind string }

func main() {
	for _, file := range os.Args[2:] {
		if err := convert(os.Args[1], file); err != nil {
			fmt.Fprintf(os.Stderr, "%s: %v\n", file, err)
			os.Exit(1)
		}
	}
}

// convert writes the schemas of one document to a folder.
func convert(dir, file string) error {
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}

	var doc document
	if err := json.Unmarshal(text, &doc); err != nil {
		return err
	}

	// A CRD has a schema for each version.
	for _, v := range doc.Spec.Versions {
		k := kind{doc.Spec.Group, v.Name, doc.Spec.Names.Kind}
		if err := write(dir, k, forbidUnlisted(v.Schema.OpenAPIV3Schema).(object)); err != nil {
			return err
		}
	}

	// An OpenAPI document has schemas that refer to one another, so each file gets all of them.
	schemas := object{}
	for name, s := range doc.Components.Schemas {
		schemas[name] = forbidUnlisted(s)
	}

	for name, s := range doc.Components.Schemas {
		var kinds []kind
		list, err := json.Marshal(s["x-kubernetes-group-version-kind"])
		if err == nil {
			err = json.Unmarshal(list, &kinds)
		}

		// Kinds that belong to every group, such as DeleteOptions, are in no manifest.
		if err == nil && len(kinds) == 1 {
			err = write(dir, kinds[0], object{"$ref": "#/components/schemas/" + name, "components": object{"schemas": schemas}})
		}
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}

	return nil
}

// forbidUnlisted makes fields that a schema does not list an error, on every level. It changes the schema.
func forbidUnlisted(schema any) any {
	switch s := schema.(type) {
	case []any:
		for _, part := range s {
			forbidUnlisted(part)
		}
	case object:
		for _, part := range s {
			forbidUnlisted(part)
		}

		_, fields := s["properties"].(object)
		_, more := s["additionalProperties"]
		if fields && !more && s["x-kubernetes-preserve-unknown-fields"] != true {
			s["additionalProperties"] = false
		}
	}

	return schema
}

// write writes the schema of a kind.
func write(dir string, k kind, schema object) error {
	text, err := json.Marshal(schema)
	if err != nil {
		return err
	}

	if k.Group == "" { // kubeconform's name for the core group
		k.Group = k.Version
	}
	name := strings.ToLower(k.Group + "-" + k.Version + "-" + k.Kind + ".json")
	return os.WriteFile(filepath.Join(dir, name), text, 0o644)
}
