package bundle

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
)

// takeImageTower opens the model whose image tower goes with a bundle that has only a text
// tower, as bundle.json says. Such text towers were trained to give a model's image vectors
// for texts in other languages (M-CLIP), so the vectors of pictures stay what they are.
func (b *Bundle) takeImageTower(f files, images func(id string) (*Bundle, error)) error {
	var m struct {
		Image string `json:"image_tower"`
	}
	if err := f.json("bundle.json", true, &m); err != nil || m.Image == "" {
		return err
	}
	b.ImageTower = Plain(m.Image, 200)
	if images == nil {
		return fmt.Errorf("it is a text tower for the pictures of the model %s and cannot be used alone", b.ImageTower)
	}
	if b.ImageTower == b.ID {
		return errors.New("it names itself as the model whose image tower it uses")
	}
	var err error
	if b.image, err = images(b.ImageTower); err != nil {
		return fmt.Errorf("it is a text tower for the pictures of the model %s, which is needed beside it: %w", b.ImageTower, err)
	}
	if b.image.image != nil {
		return fmt.Errorf("it names %s as the model whose image tower it uses, which is only a text tower, too", b.ImageTower)
	}
	return nil
}

// TextDigest returns the digest (hex SHA-256) of everything that decides what a text's vector
// is: the text tower's weights with their external data, the output that is taken, the
// tokenizer, and how texts are cleaned, cut and filled up. Two text towers of one Space have
// different ones. The first call reads all weights of the text tower.
func (b *Bundle) TextDigest() (string, error) { return b.texts() }

func (b *Bundle) textDigest() (string, error) {
	h := sha256.New()
	fmt.Fprintf(h, "descry text vectors 1\n")
	err := b.Text.source.use(func(fsys fs.FS) error {
		for i, name := range b.Text.files() {
			sum, err := b.memo.digestOf(context.Background(), b.Text.source, fsys, name)
			if err != nil {
				return err
			}
			fmt.Fprintf(h, "weights %d %s\n", i, sum)
		}
		return nil
	})
	if err != nil {
		return "", fmt.Errorf("read the text tower of the model %s: %w", b.ID, err)
	}
	fmt.Fprintf(h, "output %s\ntokenizer %s\npad %q\ncleaning %q\ncontext %d %t\n", b.Text.Output, b.vocab, b.pad, b.cleaning, b.ContextLength, b.fill)
	return hex.EncodeToString(h.Sum(nil)), nil
}
