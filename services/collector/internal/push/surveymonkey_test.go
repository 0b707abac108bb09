package push_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// An editor may give a choice another weight and leave its id as it is: what was
// remembered of the survey is right for a while only.
func TestAChoiceThatIsWeighedAnew(t *testing.T) {
	t.Parallel()
	v := vendorOf(t, map[string]string{smDetailsPath: fixture(t, "surveymonkey_response_details.json"), smSurveyPath: smSurvey})
	config := asking("surveymonkey", v)
	config.API.Remember = time.Nanosecond
	l := setup(t, config)
	event := fixture(t, "surveymonkey_response_completed.json")
	l.told(event)
	l.eventually(func() bool { return len(l.stored()) == 1 })
	require.InDelta(t, 2, l.stored()[0].GetAnswers()[0].GetValue(), 0)
	v.set(smSurveyPath, strings.Replace(smSurvey, `"weight":2`, `"weight":8`, 1))
	l.told(strings.Replace(event, "90000000123", "9", 1))
	l.eventually(func() bool { return len(l.stored()) == 2 })
	require.InDelta(t, 8, l.stored()[1].GetAnswers()[0].GetValue(), 0)
}

// A question may have several rows, each with a score of its own, and a matrix of menus
// columns besides.
func TestTheRowsAndColumnsOfAMatrix(t *testing.T) {
	t.Parallel()
	v := vendorOf(t, map[string]string{
		smSurveyPath: `{"pages":[{"questions":[
			{"id":"q1","answers":{"rows":[{"id":"r1","text":"Accueil"},{"id":"r2","text":"Délai"}],"choices":[{"id":"c1","text":"Bien","weight":9},{"id":"c2","text":"Mal","weight":1}]}},
			{"id":"q2","answers":{"rows":[{"id":"r1","text":"Accueil"}],"cols":[{"id":"k1","text":"Prix","choices":[{"id":"m1","text":"Cher","weight":3}]},{"id":"k2","text":"Choix","choices":[{"id":"m2","text":"Large","weight":7}]}]}}]}]}`,
		smDetailsPath: `{"id":"11800000042","date_modified":"2026-09-14T08:02:47+00:00","pages":[{"questions":[
			{"id":"q1","answers":[{"row_id":"r2","choice_id":"c2"},{"row_id":"r1","choice_id":"c1"},{"row_id":"r1","text":"rien à redire"}]},
			{"id":"q2","answers":[{"row_id":"r1","col_id":"k1","choice_id":"m1"},{"row_id":"r1","col_id":"k2","choice_id":"m2"}]}]}]}`,
	})
	config := asking("surveymonkey", v)
	config.Mapping = mappingFile(t, `survey: s
answers:
  - {metric: NPS, question: accueil, path: "answers['q1'].rows['r1'].weight[0]"}
  - {metric: NPS, question: delai, path: "answers['q1'].rows['r2'].weight[0]"}
  - {metric: NPS, question: prix, path: "answers['q2'].rows['r1'].cols['k1'].weight[0]"}
  - {metric: NPS, question: choix, path: "answers['q2'].rows['r1'].cols['k2'].weight[0]"}
  - {question: mot, verbatim: "answers['q1'].rows['r1'].text"}
attributes:
  ligne: answers['q1'].rows['r2'].name
  colonne: answers['q2'].rows['r1'].cols['k2'].name
  tous: answers['q1'].choice
`)
	l := setup(t, config)
	l.told(fixture(t, "surveymonkey_response_completed.json"))
	l.eventually(func() bool { return len(l.stored()) == 1 || len(l.letters()) == 1 })
	require.Empty(t, l.letters())
	r := l.stored()[0]
	got := map[string]float64{}
	for _, a := range r.GetAnswers()[:4] {
		got[a.GetQuestion()] = a.GetValue()
	}
	require.Equal(t, map[string]float64{"accueil": 9, "delai": 1, "prix": 3, "choix": 7}, got)
	require.Equal(t, "rien à redire", r.GetAnswers()[4].GetVerbatim())
	require.Equal(t, map[string]string{"ligne": "Délai", "colonne": "Choix", "tous": "Mal, Bien"}, r.GetAttributes())
}

// response_updated comes once a page, and pages may overtake each other on their way: the
// details are those of the moment they are asked for.
func TestTheSecondPageIsToldBeforeTheFirst(t *testing.T) {
	t.Parallel()
	whole := fixture(t, "surveymonkey_response_details.json")
	v := vendorOf(t, map[string]string{smDetailsPath: whole, smSurveyPath: smSurvey})
	l := setup(t, asking("surveymonkey", v))
	event := strings.Replace(fixture(t, "surveymonkey_response_completed.json"), "response_completed", "response_updated", 1)
	for n, id := range []string{"902", "901"} { // page 2's word, then page 1's
		l.told(strings.Replace(event, "90000000123", id, 1))
		l.eventually(func() bool { return len(l.stored()) == n+1 })
	}
	same(t, `{"id":"11800000042","survey":"apres-livraison","channel":"email","customer":{"id":"C-1042","language":"fr"},`+wholeNPS+`,"submittedAt":"2026-09-14T08:02:47Z"}`, l.stored()[0])
	require.Equal(t, l.stored()[0].String(), l.stored()[1].String(), "nothing of page 2 is taken back")
}
