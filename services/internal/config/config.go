// Package config reads a service's configuration: its defaults, then a YAML
// file, then the environment, then flags; the later wins. A key that nothing
// reads is an error, and every wrong field is named at once.
package config

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/go-viper/mapstructure/v2"
	"github.com/knadh/koanf/parsers/yaml"
	"github.com/knadh/koanf/providers/env/v2"
	"github.com/knadh/koanf/providers/file"
	"github.com/knadh/koanf/v2"
	"github.com/spf13/pflag"
)

// Sources say where settings come from beside the defaults.
type Sources struct {
	// File is a YAML file; empty means none.
	File string
	// EnvPrefix, as RAPPEL_: RAPPEL_NATS__URL sets nats.url. Two underscores
	// part the levels, one is part of a name.
	EnvPrefix string
	// Environ is the environment, as os.Environ.
	Environ []string
	// EnvIgnore names variables that start alike and are not settings.
	EnvIgnore []string
	// Flags that were set on the command line replace the rest; FlagKeys maps a
	// flag's name to a key.
	Flags    *pflag.FlagSet
	FlagKeys map[string]string
}

// Validator checks a configuration and returns everything that is wrong; nil
// errors among it count for nothing.
type Validator interface{ Validate() []error }

// Load fills target, a pointer to a struct that holds its defaults and has
// koanf tags, and validates it. The error names every wrong key.
func Load(target any, src Sources) error {
	k := koanf.New(".")
	if src.File != "" {
		if err := k.Load(file.Provider(src.File), yaml.Parser()); err != nil {
			return fmt.Errorf("configuration file %s: %w", src.File, err)
		}
	}
	if src.EnvPrefix != "" {
		if err := k.Load(env.Provider(".", env.Opt{
			Prefix: src.EnvPrefix, EnvironFunc: func() []string { return src.Environ },
			TransformFunc: func(key, value string) (string, any) {
				if slices.Contains(src.EnvIgnore, key) {
					return "", nil
				}
				return envKey(src.EnvPrefix, key), value
			},
		}), nil); err != nil {
			return fmt.Errorf("environment: %w", err)
		}
	}
	if err := loadFlags(k, src); err != nil {
		return err
	}
	// A field of the wrong type keeps its default: the others are checked all the
	// same, so that everything wrong is named at once.
	errs := []error{decode(k, target)}
	if v, ok := target.(Validator); ok {
		errs = append(errs, v.Validate()...)
	}
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("configuration: %w", err)
	}
	return nil
}

// envKey turns RAPPEL_NATS__URL into nats.url.
func envKey(prefix, key string) string {
	return strings.ReplaceAll(strings.ToLower(strings.TrimPrefix(key, prefix)), "__", ".")
}

func loadFlags(k *koanf.Koanf, src Sources) error {
	if src.Flags == nil {
		return nil
	}
	var err error
	src.Flags.Visit(func(f *pflag.Flag) {
		if key, ok := src.FlagKeys[f.Name]; ok && err == nil {
			err = k.Set(key, flagValue(f))
		}
	})
	return err
}

// flagValue is what a flag was set to. The text of a list is written for people.
func flagValue(f *pflag.Flag) any {
	if list, ok := f.Value.(pflag.SliceValue); ok {
		return list.GetSlice()
	}
	return f.Value.String()
}

func decode(k *koanf.Koanf, target any) error {
	err := k.UnmarshalWithConf("", target, koanf.UnmarshalConf{Tag: "koanf", DecoderConfig: &mapstructure.DecoderConfig{
		Result: target, TagName: "koanf", ErrorUnused: true, WeaklyTypedInput: true,
		DecodeHook: mapstructure.ComposeDecodeHookFunc(
			mapstructure.StringToTimeDurationHookFunc(), mapstructure.StringToSliceHookFunc(",")),
	}})
	if err == nil {
		return nil
	}
	// One line a problem, without the library's headline.
	_, text, found := strings.Cut(err.Error(), "\n\n")
	if !found {
		return err
	}
	root := reflect.Indirect(reflect.ValueOf(target)).Type().String()
	text = strings.ReplaceAll(text, "'"+root+"' has invalid keys:", "unknown settings:")
	return errors.New(strings.ReplaceAll(text, "has invalid keys:", "has unknown settings:"))
}
