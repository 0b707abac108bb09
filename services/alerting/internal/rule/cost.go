package rule

import (
	"fmt"
	"math"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/cost"
	"cel.dev/cel-go/common/types"
)

// The largest response that the contract allows.
const (
	mostItems = 100    // answers of a response
	mostChars = 20_000 // characters of a verbatim; every other text is shorter
	mostKeys  = 50     // attributes
)

// sizes tells the cost estimate how large inputs get.
type sizes struct{ known bool }

// EstimateCallCost leaves every function but history's to the standard estimate.
func (sizes) EstimateCallCost(_, overload string, _ *cost.AstNode, _ []cost.AstNode) *cost.CallEstimate {
	return historyCall(overload)
}

// EstimateSize bounds what comes from the response; what a condition makes of
// it, the estimate derives itself.
func (s sizes) EstimateSize(n cost.AstNode) *cost.SizeEstimate {
	if s.known && isSurvey(n.Expr()) {
		name := cost.RangedSizeEstimate(0, mostName)
		return &name
	}
	if !s.known || len(n.Path()) == 0 || n.Type() == nil || (n.Expr() != nil && n.Expr().Kind() == ast.LiteralKind) {
		return nil
	}
	text := cost.RangedSizeEstimate(0, mostChars)
	sizes := map[types.Kind]cost.SizeEstimate{ // nothing else has a size
		types.StringKind: text,
		types.ListKind:   cost.ListSizeEstimate(cost.RangedSizeEstimate(0, mostItems), text),
		types.MapKind:    cost.MapSizeEstimate(cost.RangedSizeEstimate(0, mostKeys), text, text),
	}
	if size, ok := sizes[n.Type().Kind()]; ok {
		return &size
	}
	return nil
}

// isSurvey reports whether an expression is the survey of something, as of an earlier answer:
// where that comes from a function, its path is not known.
func isSurvey(e ast.Expr) bool {
	return e != nil && e.Kind() == ast.SelectKind && e.AsSelect().FieldName() == "survey"
}

// price refuses a condition that could cost more than allowed on the largest
// response there may be. tracked tells whether the cost must be watched at every
// evaluation as well: only where it grows with the input, since watching takes
// longer than most conditions do.
func (c *compiler) price(a *cel.Ast) (tracked bool, err error) {
	worst, err := c.env.EstimateCost(a, sizes{known: true})
	if err != nil {
		return false, fmt.Errorf("its cost cannot be estimated: %w", err)
	}
	if worst.Max > c.maxCost {
		return false, fmt.Errorf("could cost %s on the largest response, more than %d allowed: "+
			"go through the answers once, and search for fewer or shorter patterns", costText(worst.Max), c.maxCost)
	}
	whatever, err := c.env.EstimateCost(a, sizes{})
	if err != nil {
		return false, fmt.Errorf("its cost cannot be estimated: %w", err)
	}
	return whatever.Max > c.maxCost, nil
}

func costText(v uint64) string {
	if v == math.MaxUint64 {
		return "any amount"
	}
	return fmt.Sprint(v)
}
