// Package verbatim reads what a customer wrote, in French or in English, and
// says how it sounds, what it is about and what its writer wants, and why: tokens,
// language, a sentiment, themes and intents, each with its evidence.
// docs/verbatims.md explains it to operators.
//
// Promises. It is pure: no I/O, no clock, no state that changes, and the same
// text under the same data always gives the same result. An Analyser is safe for
// concurrent use; a Scratch belongs to one goroutine at a time. Cost is linear in
// the text and bounded by MaxText; what is beyond is left out, with a note. A
// word costs no allocation once a Scratch has grown. Any bytes are taken: what is
// not UTF-8 parts words and is part of none. Every offset is of a byte in the
// text as it was given, on the boundary of a character.
//
// How. One pass makes tokens (scan.go). Each is looked up once, and what the
// vocabulary knows of it serves everything that follows: function words vote for
// the language (language.go); entries of the lexicon, of one word or several, are
// found by a trie over words, the longest first (match.go); operators (negation,
// intensity, contrast, what was only hoped for) then change the polarities they
// reach (compose.go). The formula of the score stands at Sentiment. Themes and
// intents are found in the same pass, by tries of their own (layers in trie.go), so
// that neither takes a word from the sentiment. A theme has the polarity of what
// bears on it in its clause (bearing.go); an intent is weighed, sentence by
// sentence, against what speaks for somebody else's or for the opposite
// (intent.go), and what a negation reaches is none (denial.go).
//
// Sources. What negation, intensity and contrast do is the composition of
// lexicon-based sentiment analysis (Taboada and others, "Lexicon-Based Methods for
// Sentiment Analysis", Computational Linguistics 37(2), 2011, has negation shift
// and not just flip; Polanyi and Zaenen, "Contextual Valence Shifters", 2006, has
// irrealis and connectives). The factors are our own, and so is every entry of
// the data.
package verbatim
