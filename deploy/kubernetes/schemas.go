// Schemas writes what check.sh validates by: a JSON schema for each kind of object, GROUP-VERSION-KIND.json,
// made from OpenAPI documents and from CRDs in JSON. Where those list the fields of an object, it allows
// no others.
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

// document is as much of both forms as is needed.
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

type kind struct{ Group, Version, Kind string }

func main() {
	for _, file := range os.Args[2:] {
		if err := convert(os.Args[1], file); err != nil {
			fmt.Fprintf(os.Stderr, "%s: %v\n", file, err)
			os.Exit(1)
		}
	}
}

func convert(dir, file string) error {
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	var doc document
	if err := json.Unmarshal(text, &doc); err != nil {
		return err
	}

	for _, v := range doc.Spec.Versions {
		k := kind{doc.Spec.Group, v.Name, doc.Spec.Names.Kind}
		if err := write(dir, k, closed(v.Schema.OpenAPIV3Schema).(object)); err != nil {
			return err
		}
	}
	schemas := object{}
	for name, s := range doc.Components.Schemas {
		schemas[name] = closed(s)
	}

	for name, s := range doc.Components.Schemas {
		var kinds []kind
		list, err := json.Marshal(s["x-kubernetes-group-version-kind"])
		if err == nil {
			err = json.Unmarshal(list, &kinds)
		}
		// Kinds that are of every group, such as DeleteOptions, are in no manifest.
		if err == nil && len(kinds) == 1 {
			err = write(dir, kinds[0], object{"$ref": "#/components/schemas/" + name, "components": object{"schemas": schemas}})
		}
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}

	return nil
}

// closed allows no fields but those that are listed, here and below.
func closed(schema any) any {
	switch s := schema.(type) {
	case []any:
		for _, part := range s {
			closed(part)
		}
	case object:
		for _, part := range s {
			closed(part)
		}
		_, fields := s["properties"].(object)
		_, more := s["additionalProperties"]
		if fields && !more && s["x-kubernetes-preserve-unknown-fields"] != true {
			s["additionalProperties"] = false
		}
	}

	return schema
}

func write(dir string, k kind, schema object) error {
	text, err := json.Marshal(schema)
	if err != nil {
		return err
	}
	if k.Group == "" { // as kubeconform calls it
		k.Group = k.Version
	}
	name := strings.ToLower(k.Group + "-" + k.Version + "-" + k.Kind + ".json")
	return os.WriteFile(filepath.Join(dir, name), text, 0o644)
}
