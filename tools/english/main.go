// Command english makes the list of English words that travels with the program
// (assets/english.gz) from the vocabularies of two text towers, whose words stand in the order
// of their frequency in what the towers were trained on: CLIP's and the starter model's.
//
//	go run ./tools/english -o assets/english.gz
//
// First come the words that both have, the most frequent ones in CLIP's first, then those of
// the label sets and of words.txt; behind an empty line those of one vocabulary only, many of
// which are names, slang and words of other languages.
package main

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"flag"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

func main() {
	log.SetFlags(0)
	clip := flag.String("clip", "clipengine/tokenize/clipvocab/bpe_simple_vocab_16e6.txt.gz", "the merges of CLIP's vocabulary")
	bert := flag.String("bert", "assets/starter/tokenizer.json", "the starter model's tokenizer")
	labels := flag.String("labels", "assets/labels", "the folder of the label sets")
	further := flag.String("words", "tools/english/words.txt", "words that are added")
	out := flag.String("o", "assets/english.gz", "the list to write")
	flag.Parse()
	if err := run(*clip, *bert, *labels, *further, *out); err != nil {
		log.Fatal(err)
	}
}

func run(clip, bert, labels, further, out string) error {
	first, err := clipWords(clip)
	if err != nil {
		return fmt.Errorf("read %s: %w", clip, err)
	}
	second, err := bertWords(bert)
	if err != nil {
		return fmt.Errorf("read %s: %w", bert, err)
	}
	third, err := quotedWords(labels)
	if err != nil {
		return fmt.Errorf("read the label sets: %w", err)
	}
	fourth, err := listedWords(further)
	if err != nil {
		return fmt.Errorf("read %s: %w", further, err)
	}
	var common, others []string
	seen := map[string]bool{}
	in := map[string]bool{}
	for _, w := range slices.Concat(second, third, fourth) {
		in[w] = true
	}
	for _, w := range first {
		if seen[w] {
			continue
		}
		seen[w] = true
		if in[w] {
			common = append(common, w)
		} else {
			others = append(others, w)
		}
	}
	for _, w := range slices.Concat(third, fourth) {
		if !seen[w] {
			seen[w] = true
			common = append(common, w)
		}
	}
	for _, w := range second {
		if !seen[w] {
			others = append(others, w)
		}
	}
	var b bytes.Buffer
	zip, err := gzip.NewWriterLevel(&b, gzip.BestCompression)
	if err != nil {
		return err
	}
	if _, err := fmt.Fprintf(zip, "%s\n\n%s\n", strings.Join(common, "\n"), strings.Join(others, "\n")); err != nil {
		return err
	}
	if err := zip.Close(); err != nil {
		return err
	}
	log.Printf("%d words in both vocabularies, %d in one", len(common), len(others))
	return os.WriteFile(out, b.Bytes(), 0o644) //nolint:gosec // a file of the sources
}

// clipMerges is how many of the listed merges CLIP uses.
const clipMerges = 49152 - 256 - 2

// clipWords are the whole words of CLIP's vocabulary.
func clipWords(path string) ([]string, error) {
	f, err := os.Open(path) //nolint:gosec // named on the command line
	if err != nil {
		return nil, err
	}
	defer f.Close() //nolint:errcheck // only read
	zip, err := gzip.NewReader(f)
	if err != nil {
		return nil, err
	}
	words := []string{"a", "i"} // letters are no merges
	lines := bufio.NewScanner(zip)
	lines.Scan() // a comment
	for n := 0; n < clipMerges && lines.Scan(); n++ {
		if w, ok := strings.CutSuffix(strings.ReplaceAll(lines.Text(), " ", ""), "</w>"); ok && isWord(w) {
			words = append(words, w)
		}
	}
	return words, lines.Err()
}

// bertWords are the whole words of a WordPiece vocabulary.
func bertWords(path string) ([]string, error) {
	data, err := os.ReadFile(path) //nolint:gosec // named on the command line
	if err != nil {
		return nil, err
	}
	var t struct {
		Model struct {
			Vocab map[string]int `json:"vocab"`
		} `json:"model"`
	}
	if err := json.Unmarshal(data, &t); err != nil {
		return nil, err
	}
	var words []string
	for w := range t.Model.Vocab {
		if isWord(w) {
			words = append(words, w)
		}
	}
	slices.SortFunc(words, func(a, b string) int { return t.Model.Vocab[a] - t.Model.Vocab[b] })
	return words, nil
}

// quotedWords are the words between quotes in the label sets.
func quotedWords(dir string) ([]string, error) {
	paths, err := filepath.Glob(filepath.Join(dir, "*.toml"))
	if err != nil {
		return nil, err
	}
	var words []string
	for _, p := range paths {
		data, err := os.ReadFile(p)
		if err != nil {
			return nil, err
		}
		for i, part := range strings.Split(string(data), `"`) {
			if i%2 == 1 {
				words = append(words, wordsOf(part)...)
			}
		}
	}
	return words, nil
}

// listedWords are the words of a text file without its comments.
func listedWords(path string) ([]string, error) {
	data, err := os.ReadFile(path) //nolint:gosec // named on the command line
	if err != nil {
		return nil, err
	}
	var words []string
	for line := range strings.Lines(string(data)) {
		if !strings.HasPrefix(line, "#") {
			words = append(words, wordsOf(line)...)
		}
	}
	return words, nil
}

func wordsOf(text string) []string {
	return slices.DeleteFunc(strings.FieldsFunc(strings.ToLower(text), func(r rune) bool { return r < 'a' || r > 'z' }),
		func(w string) bool { return !isWord(w) })
}

// isWord reports whether a token is nothing but the letters of the English alphabet, and
// more than one unless that is a word.
func isWord(s string) bool {
	return (len(s) > 1 || s == "a" || s == "i") && strings.Trim(s, "abcdefghijklmnopqrstuvwxyz") == ""
}
