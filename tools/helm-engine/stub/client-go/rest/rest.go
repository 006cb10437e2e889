// Package rest stands in for client-go's: Helm's engine names the type, nothing here ever connects.
package rest

// Config has no fields that anything here reads.
type Config struct{}
