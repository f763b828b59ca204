// Package didyoumean suggests known words for a misspelled one.
package didyoumean

import (
	"slices"
	"strings"
	"unicode/utf8"
)

// Suggest returns the one of words with the smallest edit distance to word, or "" if none is close: at most a third of
// the longer word's letters (or one letter) may differ, and not all of them. Case is ignored; the first of several
// equally close words wins.
func Suggest(word string, words []string) string {
	best, least := "", -1
	for _, w := range words {
		d := Distance(strings.ToLower(word), strings.ToLower(w))
		longer := max(utf8.RuneCountInString(word), utf8.RuneCountInString(w))
		if d <= max(1, longer/3) && (d < longer || d == 0) && (least < 0 || d < least) {
			best, least = w, d
		}
	}
	return best
}

// Containing returns those of words that contain every part of word, ignoring case, in their order: "ssd_mobilenet"
// finds "ssd_mobilenet_v1_coco". Parts are separated by "_", "-", "." and spaces; at least one must have two letters, or
// nothing is found.
func Containing(word string, words []string) []string {
	parts := strings.FieldsFunc(strings.ToLower(word), func(r rune) bool { return strings.ContainsRune("_-. ", r) })
	if !slices.ContainsFunc(parts, func(p string) bool { return utf8.RuneCountInString(p) >= 2 }) {
		return nil
	}
	var all []string
	for _, w := range words {
		lower := strings.ToLower(w)
		if !slices.ContainsFunc(parts, func(p string) bool { return !strings.Contains(lower, p) }) {
			all = append(all, w)
		}
	}
	return all
}

// Distance is the optimal string alignment distance: how many letters must be inserted, deleted, replaced or swapped
// with their neighbour to turn a into b.
func Distance(a, b string) int {
	r, s := []rune(a), []rune(b)
	before, last, now := make([]int, len(s)+1), make([]int, len(s)+1), make([]int, len(s)+1)
	for j := range last {
		last[j] = j
	}
	for i := 1; i <= len(r); i++ {
		now[0] = i
		for j := 1; j <= len(s); j++ {
			cost := 1
			if r[i-1] == s[j-1] {
				cost = 0
			}
			now[j] = min(last[j]+1, now[j-1]+1, last[j-1]+cost)
			if i > 1 && j > 1 && r[i-1] == s[j-2] && r[i-2] == s[j-1] {
				now[j] = min(now[j], before[j-2]+1)
			}
		}
		before, last, now = last, now, before
	}
	return last[len(s)]
}
