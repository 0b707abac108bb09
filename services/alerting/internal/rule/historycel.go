package rule

import (
	"fmt"
	"time"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/cost"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"

	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
)

// The functions of history, and what they are called in the library.
const (
	historyName  = "history"
	answersName  = "answers"
	calledWithin = "called_within"

	answersOverload = "history_answers_days"
	calledOverload  = "history_called_within_duration"
	calledInDays    = "history_called_within_days"
)

const day = 24 * time.Hour

var (
	historyType = cel.ObjectType(container + ".History")
	earlierType = cel.ObjectType(container + ".EarlierAnswer")
)

// historyFunctions are history.answers(days) and history.called_within(days or duration).
func historyFunctions() ([]cel.EnvOption, error) {
	// The environment makes its own; types are the same by name.
	adapter, err := types.NewRegistry(&eventsv1.History{})
	if err != nil {
		return nil, err
	}
	answers := func(of, days ref.Val) ref.Val {
		h, ok := of.Value().(*eventsv1.History)
		n, isInt := days.(types.Int)
		if !ok || !isInt {
			return types.MaybeNoSuchOverloadErr(of)
		}
		return types.NewDynamicList(adapter, lately(h, time.Duration(n)*day))
	}
	called := func(of, span ref.Val) ref.Val {
		h, ok := of.Value().(*eventsv1.History)
		if !ok {
			return types.MaybeNoSuchOverloadErr(of)
		}
		if h.GetCalledAt() == nil {
			return types.False
		}
		since := h.GetAsOf().AsTime().Sub(h.GetCalledAt().AsTime())
		switch s := span.(type) {
		case types.Duration:
			return types.Bool(since < s.Duration)
		case types.Int:
			return types.Bool(since < time.Duration(s)*day)
		default:
			return types.MaybeNoSuchOverloadErr(span)
		}
	}
	return []cel.EnvOption{
		cel.Function(answersName, cel.MemberOverload(answersOverload,
			[]*cel.Type{historyType, cel.IntType}, cel.ListType(earlierType), cel.BinaryBinding(answers))),
		cel.Function(calledWithin,
			cel.MemberOverload(calledOverload, []*cel.Type{historyType, cel.DurationType}, cel.BoolType, cel.BinaryBinding(called)),
			cel.MemberOverload(calledInDays, []*cel.Type{historyType, cel.IntType}, cel.BoolType, cel.BinaryBinding(called))),
	}, nil
}

// lately are the answers of the last so long, of those that are there.
func lately(h *eventsv1.History, span time.Duration) []*eventsv1.EarlierAnswer {
	from := h.GetAsOf().AsTime().Add(-span)
	for i, a := range h.GetAnswers() {
		if a.GetAt().AsTime().Before(from) {
			return h.GetAnswers()[:i]
		}
	}
	return h.GetAnswers()
}

// historyCall is what a call of history's costs: however much there is, it is bounded.
func historyCall(overload string) *cost.CallEstimate {
	switch overload {
	case answersOverload:
		text := cost.RangedSizeEstimate(0, mostName)
		return cost.NewListCallEstimate(cost.FixedCostEstimate(MostAnswers), cost.ListSizeEstimate(cost.RangedSizeEstimate(0, MostAnswers), text))
	case calledOverload, calledInDays:
		return cost.NewCallEstimate(cost.FixedCostEstimate(1), nil)
	}
	return nil
}

// mostName is how long a survey's name gets.
const mostName = 64

// historyAsked is what a condition asks of history, and what of it cannot be told.
func historyAsked(e ast.Expr) (a wants, wrong []guarded) {
	named, used := map[int64]bool{}, map[int64]bool{}
	ast.PreOrderVisit(e, ast.NewExprVisitor(func(e ast.Expr) {
		switch e.Kind() {
		case ast.IdentKind:
			if ident(e) == historyName {
				named[e.ID()] = true
			}
		case ast.SelectKind:
			if s := e.AsSelect(); name(s.Operand()) == historyName {
				used[s.Operand().ID()] = true
				one, bad := historyField(s.FieldName())
				a = a.with(one)
				if bad != "" {
					wrong = append(wrong, guarded{e.ID(), bad})
				}
			}
		case ast.CallKind:
			if c := e.AsCall(); c.IsMemberFunction() && name(c.Target()) == historyName {
				used[c.Target().ID()] = true
				one, bad := historyCalled(c)
				a = a.with(one)
				if bad != "" {
					wrong = append(wrong, guarded{c.Args()[0].ID(), bad})
				}
			}
		default:
		}
	}))
	for id := range named {
		if !used[id] {
			wrong = append(wrong, guarded{id, "history by itself cannot be asked: write history.called_within(7), history.answers(30) or another of its names"})
		}
	}
	return a, wrong
}

func historyField(field string) (wants, string) {
	switch field {
	case "as_of":
		return wants{}, ""
	case "do_not_call":
		return wants{doNotCall: true}, ""
	case answersName:
		return wants{}, "must say of how many days: write history.answers(30)"
	}
	return wants{callbacks: true}, ""
}

func historyCalled(c ast.CallExpr) (wants, string) {
	if c.FunctionName() != answersName {
		return wants{callbacks: true}, ""
	}
	if n := c.Args()[0]; n.Kind() == ast.LiteralKind {
		if days, ok := n.AsLiteral().(types.Int); ok && days >= 1 && days <= MostDays {
			return wants{days: int(days)}, ""
		}
	}
	return wants{}, fmt.Sprintf("the days must be a number from 1 to %d, as in history.answers(30)", MostDays)
}
