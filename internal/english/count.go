// Package english formats counts with plurals: "1 car", "8 people".
package english

import (
	"fmt"
	"regexp"
	"strings"
)

// Count formats a number of objects with a model's label: "8 people", "1 car", "2 pairs of scissors". A label that does
// not look like a common English noun (a name, a code, several names in one, another script) stays as it is: "Ada",
// "2 × Ada".
func Count(n int, label string) string {
	switch common := noun.MatchString(label); {
	case n == 1 && !common:
		return label
	case !common:
		return fmt.Sprintf("%d × %s", n, label)
	case pairs[label]:
		return Count(n, "pair") + " of " + label
	case n == 1:
		return "1 " + label
	}
	return fmt.Sprintf("%d %s", n, Plural(label))
}

// noun matches one or more lower-case words.
var noun = regexp.MustCompile(`^[a-z]+([ -][a-z]+)*$`)

// irregular has plurals that follow no rule, including those of the labels of COCO, Pascal VOC and ImageNet.
var irregular = map[string]string{
	"person": "people", "child": "children", "mouse": "mice", "goose": "geese", "tooth": "teeth", "foot": "feet", "ox": "oxen",
	"tomato": "tomatoes", "potato": "potatoes", "hero": "heroes", "mango": "mangoes", "mosquito": "mosquitoes", "quiz": "quizzes",
	"knife": "knives", "wife": "wives", "life": "lives", "wolf": "wolves", "leaf": "leaves", "loaf": "loaves", "shelf": "shelves",
	"bookshelf": "bookshelves", "calf": "calves", "half": "halves", "scarf": "scarves", "thief": "thieves", "hoof": "hooves",
	"stomach": "stomachs", "monarch": "monarchs",
}

// same has nouns whose plural equals the singular: uncountable ones, some animals, and plurals.
var same = words("sheep fish deer moose bison swine squid shrimp salmon trout cod tuna goldfish aircraft spacecraft hovercraft " +
	"series species broccoli food bread rice grass water sand snow sky sea luggage baggage furniture clothing traffic equipment " +
	"vegetation foliage smoke fire jewelry cutlery footwear headgear fruit background people men women children mice geese teeth feet")

// notMen has words in "man" whose plural is not "men".
var notMen = words("human german roman ottoman talisman caiman caftan")

// pairs has single things with a plural name.
var pairs = words("scissors skis glasses eyeglasses sunglasses goggles binoculars pants trousers jeans shorts tights tongs pliers tweezers")

func words(list string) map[string]bool {
	set := map[string]bool{}
	for _, w := range strings.Fields(list) {
		set[w] = true
	}
	return set
}

// Plural returns the plural of a lower-case English noun; of several words, that of the last: "stop signs".
func Plural(noun string) string {
	at := strings.LastIndexAny(noun, " -") + 1
	before, w := noun[:at], noun[at:]
	ends := func(of ...string) bool {
		for _, e := range of {
			if strings.HasSuffix(w, e) {
				return true
			}
		}
		return false
	}
	switch many := irregular[w]; {
	case many != "":
		w = many
	case same[w]:
	case ends("man") && !notMen[w]:
		w = strings.TrimSuffix(w, "man") + "men"
	case ends("child"): // grandchild
		w += "ren"
	case ends("ss", "us", "x", "z", "ch", "sh") || w == "gas" || w == "lens" || w == "iris" || w == "canvas" || w == "atlas":
		w += "es"
	case ends("s"): // scissors, skis, glasses
	case ends("y") && !ends("ay", "ey", "iy", "oy", "uy"):
		w = strings.TrimSuffix(w, "y") + "ies"
	default:
		w += "s"
	}
	return before + w
}
