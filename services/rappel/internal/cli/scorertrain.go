package cli

import (
	"context"
	"fmt"
	"hash/fnv"
	"io"
	"os"
	"strconv"
	"text/tabwriter"

	"github.com/rappel-loop/rappel/services/internal/verbatim"
	"github.com/rappel-loop/rappel/services/internal/verbatim/model"
)

// readModel reads a model's file.
func readModel(file string) (*model.Model, error) {
	data, err := os.ReadFile(file) //nolint:gosec // the person names it
	if err != nil {
		return nil, err
	}
	m, err := model.Decode(data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return m, nil
}

// heldOut is one customer in so many.
const heldOut = 10

// trainModel trains on nine tenths of the customers, says what that is worth on
// the others, and writes it.
func trainModel(ctx context.Context, out io.Writer, files []string, path string) error {
	a, err := verbatim.New()
	if err != nil {
		return err
	}
	base, err := model.Base()
	if err != nil {
		return err
	}
	var learn, hold []model.Example
	for _, file := range files {
		rows, err := readKnown(file)
		if err != nil {
			return err
		}
		for i, k := range rows {
			if k.class == nil {
				continue
			}
			e := model.Example{Text: k.text, Class: *k.class, Group: groupOf(k, file, i)}
			if e.Group%heldOut == 0 {
				hold = append(hold, e)
			} else {
				learn = append(learn, e)
			}
		}
	}
	m, err := model.Train(ctx, a, model.Each(learn), model.Options{Base: base})
	if err != nil {
		return fmt.Errorf("training: %w", err)
	}
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintf(w, "trained on %d answers; on the %d that were held out:\n\nMODEL\tAUC\tACCURACY-3\tF1\tF1-3\n", len(learn), len(hold))
	for _, m := range []*model.Model{base, m} {
		e, err := model.Evaluate(ctx, a, m, model.Each(hold))
		if err != nil {
			return err
		}
		fmt.Fprintf(w, "%s\t%.3f\t%.3f\t%.3f\t%.3f\n", m.Version(), e.AUC, e.Accuracy, e.MacroF1, e.MacroF1Three)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	return os.WriteFile(path, m.Encode(), 0o600)
}

// groupOf is a hash of the customer, or of the row where there is none.
func groupOf(k known, file string, row int) uint64 {
	key := k.customer
	if key == "" {
		key = file + "\x00" + strconv.Itoa(row)
	}
	h := fnv.New64a()
	_, _ = io.WriteString(h, key) // a hash takes everything
	x := h.Sum64()
	return x ^ x>>32
}
