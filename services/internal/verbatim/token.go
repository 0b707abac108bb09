package verbatim

// MaxText is how many bytes of a text are read. What follows, from the last
// boundary of a character before it, is left out.
const MaxText = 64 << 10

// Kind is what a token is.
type Kind uint8

// The kinds of token.
const (
	// Word is a word, or the part of one before or after an apostrophe.
	Word Kind = iota + 1
	// Number is digits, with the signs inside them: 3.5, 12:30, 8/10.
	Number
	// Emoji is one emoji with its modifiers, an emoticon, or a run of plus signs.
	Emoji
	// Mark is punctuation: a run of one sort.
	Mark
	// Link is an address: of a page, of a mailbox, of an account (@name).
	Link
)

// Note is what is remarkable about a token's spelling.
type Note uint16

// The notes. Those about marks tell which mark it is.
const (
	// Capitals is a word of three letters or more, all of them capital.
	Capitals Note = 1 << iota
	// Lengthened is a letter written three times or more; two are kept.
	Lengthened
	// Accented is a word with an accent or a ligature.
	Accented
	// Foreign is a word with letters that are not Latin.
	Foreign
	// Exclaim is a run with an exclamation mark.
	Exclaim
	// Question is a run with a question mark.
	Question
	// Ellipsis is two full stops or more, or the sign of three.
	Ellipsis
	// Ends ends a sentence: a full stop, ! or ?, a line's end.
	Ends
	// Parts parts clauses: a comma, a colon, a parenthesis, a dash between spaces.
	Parts
	// Account is an address that is an account's: @name.
	Account
)

// Token is a piece of the text.
type Token struct {
	// Start and End are bytes of the text as it was given: text[Start:End].
	Start, End int32
	// foldStart and foldEnd are bytes of the Scratch's folded.
	foldStart, foldEnd int32
	// word is its number in the vocabulary; 0 is unknown.
	word int32
	// Kind is what it is.
	Kind Kind
	// Notes are what is remarkable about it.
	Notes Note
	// Count is how many signs a Mark's run has, at most 255.
	Count uint8
}

// Has reports whether all of some notes are made.
func (t *Token) Has(n Note) bool { return t.Notes&n == n }

// Scratch holds what reading one text needs, so that the next text needs nothing
// new. The zero value is ready; it belongs to one goroutine at a time.
type Scratch struct {
	text     string
	cut      bool
	tokens   []Token
	folded   []byte
	items    []item
	findings []Finding
	votes    votes
	use      [lexica]bool
	hits     []hit
	begin    int32   // where the hits begin that are being looked for
	steps    int     // looked up in the tries for this text: what a test holds linear
	denials  []int32 // for each token, the one that denies it, plus 1
	lines    []int32 // for each line of intents, the sentence in which it last counted
	sentence int32   // of the lines
	places   []place // for each theme
	order    []int32 // of the themes
	evidence []Finding
	themes   []Theme
	intents  []IntentFound
	leanings [intents]float32 // see Leaning
	refused  [intents]bool    // see Refused
	whole    bool             // see NamesNothing
}

// forget makes the scratch ready for what is found in another text.
func (s *Scratch) forget() {
	s.items, s.hits, s.findings, s.evidence = s.items[:0], s.hits[:0], s.findings[:0], s.evidence[:0]
	s.steps, s.leanings, s.refused, s.whole = 0, [intents]float32{}, [intents]bool{}, false
	s.themes, s.intents, s.order = s.themes[:0], s.intents[:0], s.order[:0]
}

// Tokens are those of the text that was read last, valid until the next.
func (s *Scratch) Tokens() []Token { return s.tokens }

// Folded is how a token is looked up: in lower case, without accents. It is
// valid until the next text.
func (s *Scratch) Folded(t *Token) []byte { return s.folded[t.foldStart:t.foldEnd] }

// Cut reports whether the text was longer than MaxText.
func (s *Scratch) Cut() bool { return s.cut }
