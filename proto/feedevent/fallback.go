package feedevent

// Fallback is what is done while a queue has too much to do, as it begins or ends.
type Fallback struct {
	Name          string   `json:"name" doc:"The fallback's name, as the rules declare it."`
	Changes       uint64   `json:"changes" doc:"Rises by one with each beginning and each end; starts at 1."`
	Queue         string   `json:"queue,omitempty" doc:"The queue whose predicted wait decides."`
	WaitSeconds   *float64 `json:"waitSeconds,omitempty" doc:"How long a callback that came then would have waited; absent when it was not known."`
	BeginsSeconds float64  `json:"beginsSeconds,omitempty" doc:"It begins when the wait is longer."`
	EndsSeconds   float64  `json:"endsSeconds,omitempty" doc:"It ends when the wait is shorter."`
	Measures      []string `json:"measures,omitempty" doc:"What it does, in the words of docs/rules.md, as raise_bar."`
}
