package models_test

import (
	"fmt"
	"log"

	"corallite/models"
)

// What the catalog knows of a model, whether its files are here or not.
func ExampleStore_Lookup() {
	store, err := models.Open(models.Options{})
	if err != nil {
		log.Fatal(err)
	}
	entry, known := store.Lookup("okay_nabu")
	if !known {
		log.Fatal("unknown")
	}
	fmt.Println(entry.Task, entry.Licence.SPDX, entry.Trust())
	// Output: wakeword Apache-2.0 verified
}
