// Package model turns what package verbatim found in a text into probabilities:
// a linear model over the text's words and a few signs beside them, which learns from
// answers whose scores are known.
//
//	z_c = bias_c + Σ sign_c × sign + n^(-5/8) × Σ weight_c[bucket],   p = softmax(z)
//
// for the classes c negative, neutral and positive: multinomial logistic
// regression. The signs (signs.go) are the lexicon's score, verbatim.Sentiment's, whether
// the text names an account, whether it asks something, and its length; the second sum goes over the n features of
// the text, each hashed into one of 2^17 buckets (Weinberger and others, "Feature
// Hashing for Large Scale Multitask Learning", 2009): folded words, pairs of
// neighbours, words that a negation reaches, and the first five letters of longer
// words, because French has many endings. n^(-5/8) is between the mean and what
// independent features would need (n^(-1/2)): a long text is not surer in
// proportion, because what it says repeats itself.
//
// Beside it stand heads (heads.go), one for each dimension and for each intent:
// logistic regressions over the same features, but for words that only fill, and
// over facts of the text (facts.go), above all what the rules have found. Refine
// lets them add to what the rules have found, with evidence, and take dimensions
// back. Their features are a table of their own, by a key of 32 bits, so that a word
// which no example had weighs nothing and is evidence of nothing.
//
// Promises. It is pure: no I/O, no clock, no chance but a seed. The same examples
// in the same order with the same seed make the same model, to the byte, on one
// architecture; on another, where the compiler may fuse a multiplication with an
// addition, a weight that is on the edge between two of its 255 steps may differ
// by one. A Model never changes and is safe for concurrent use. Predict and Refine
// do not allocate. A model trained from Base on little data is near Base.
package model
