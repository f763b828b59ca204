package wyoming

// The data of the events that a server of wake words sends and gets (wyoming's modules info, wake, audio, ping and error).

type attribution struct {
	Name string `json:"name"`
	URL  string `json:"url"`
}

type wakeModel struct {
	Name        string      `json:"name"`
	Description string      `json:"description"`
	Phrase      string      `json:"phrase"`
	Attribution attribution `json:"attribution"`
	Installed   bool        `json:"installed"`
	Languages   []string    `json:"languages"`
	Version     string      `json:"version"`
}

type wakeProgram struct {
	Name        string      `json:"name"`
	Description string      `json:"description"`
	Attribution attribution `json:"attribution"`
	Installed   bool        `json:"installed"`
	Version     string      `json:"version"`
	Models      []wakeModel `json:"models"`
}

// info is the answer to describe. The lists of other kinds are there, and empty: a satellite would make Home Assistant
// overlook the wake words.
type info struct {
	ASR       []any         `json:"asr"`
	TTS       []any         `json:"tts"`
	Handle    []any         `json:"handle"`
	Intent    []any         `json:"intent"`
	Wake      []wakeProgram `json:"wake"`
	Mic       []any         `json:"mic"`
	Snd       []any         `json:"snd"`
	Satellite any           `json:"satellite"`
}

func infoOf(words []Word, programVersion string) info {
	program := wakeProgram{
		Name: "corallite", Description: "Wake words and keywords by Corallite", Attribution: attribution{Name: "Corallite"}, Installed: true,
		Version: programVersion, Models: []wakeModel{},
	}
	for _, w := range words {
		languages := w.Languages
		if languages == nil {
			languages = []string{}
		}
		program.Models = append(program.Models, wakeModel{
			Name: w.Name, Description: w.Phrase, Phrase: w.Phrase, Attribution: attribution{Name: w.Author, URL: w.URL}, Installed: true,
			Languages: languages, Version: programVersion,
		})
	}
	none := []any{}
	return info{ASR: none, TTS: none, Handle: none, Intent: none, Wake: []wakeProgram{program}, Mic: none, Snd: none}
}

// detect says which words are wanted; none: all.
type detect struct {
	Names []string `json:"names"`
}

// audioFormat is the data of audio-start and of audio-chunk.
type audioFormat struct {
	Rate      int      `json:"rate"`
	Width     int      `json:"width"` // bytes of a sample
	Channels  int      `json:"channels"`
	Timestamp *float64 `json:"timestamp"` // milliseconds
}

type detection struct {
	Name      string `json:"name"`
	Timestamp int64  `json:"timestamp"` // milliseconds
}

type ping struct {
	Text *string `json:"text,omitempty"`
}

type failure struct {
	Text string `json:"text"`
	Code string `json:"code"`
}
