"""Makes a folder that Descry can add as a model, from a model of open_clip or transformers.

    python tools/export ViT-B-32 --checkpoint vit-b-32.pt --tag laion2b_s34b_b79k --out my-model
    python tools/export siglip2-base-patch16-224/ --out my-model --layout transformers.js --int8 my-model-int8
    python tools/export ViT-B-32 --checkpoint vit-b-32.pt --mclip XLM-Roberta-Large-Vit-B-32/ --out my-model

The first argument is a name of open_clip or a folder of transformers. Nothing is downloaded: weights, and tokenizers
that open_clip would fetch (--texts), come from local files. Afterwards the result is compared with the original.
"""
import argparse
import pathlib
import sys

import torch

import check
import graphs
import layouts
import originals


def main():
    ap = argparse.ArgumentParser(prog='python tools/export', description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument('model', help='name of an open_clip model, or a folder with a model of transformers')
    ap.add_argument('--out', required=True, help='folder to write')
    ap.add_argument('--checkpoint', help='file of weights, for a model of open_clip')
    ap.add_argument('--random', action='store_true', help='random weights instead of a checkpoint, to try a model\'s shape and speed')
    ap.add_argument('--tag', help='name that the weights have in open_clip, which decides how pictures are prepared, and the activation')
    ap.add_argument('--texts', help='folder with config.json and tokenizer of a text tower that open_clip takes from transformers')
    ap.add_argument('--mclip', help='folder with an M-CLIP text tower to go with the image tower')
    ap.add_argument('--layout', choices=['descry', 'immich', 'transformers.js'], default='descry')
    ap.add_argument('--no-parts', action='store_true', help='without vectors for the parts of a picture')
    ap.add_argument('--int8', help='folder for a second model with 8-bit weights (for CPUs)')
    ap.add_argument('--fp16', help='folder for a second model in half precision (for GPUs)')
    ap.add_argument('--photos', help='folder of JPEGs to compare with; none: made pictures')
    for name, what in (('name', 'what the model is called'), ('licence', 'short name of its licence'), ('licence-note', 'what that licence means'), ('source', 'where it came from')):
        ap.add_argument('--' + name, help=what)
    ap.add_argument('--languages', nargs='*', help='languages of queries: en, or multilingual')
    a = ap.parse_args()
    torch.manual_seed(0)
    if pathlib.Path(a.model).is_dir():
        original = originals.transformers_model(a.model)
    elif not a.checkpoint and not a.random:
        ap.error('give --checkpoint FILE with the weights, or --random')
    elif a.mclip:
        original = originals.mclip_model(a.model, a.mclip, a.checkpoint, pathlib.Path(a.mclip) / 'pytorch_model.bin',
                                         tag=a.tag or 'openai')
    else:
        original = originals.open_clip_model(a.model, a.checkpoint, a.tag, texts=a.texts)
    card = {'name': a.name, 'licence': a.licence, 'licence_note': a.licence_note, 'source': a.source, 'languages': a.languages}
    made = [('float32', layouts.write(original, a.out, a.layout, card, not a.no_parts), 0.9999)]
    # Of these, less than the limit is not what rounding loses: the graph is broken.
    for kind, folder, convert, limit in (('int8', a.int8, graphs.int8, 0.9), ('fp16', a.fp16, graphs.fp16, 0.99)):
        if folder:
            made.append((kind, layouts.variant(original, a.out, folder, a.layout, convert, card), limit))
    pictures = check.photos(a.photos)
    images, texts = check.images_of(original, pictures), check.texts_of(original, check.TEXTS)
    print(f'{original.name}: pictures of {original.preprocess["size"]} pixels, vectors of {original.dim} numbers, scale {original.scale:.4g}, '
          f'bias {original.bias}, vectors for parts: {"yes" if made[0][1][2] else "no"}')
    wrong = False
    for kind, (vision, text, patches), limit in made:
        half = kind == 'fp16'
        image, centred = check.cosines(images, check.graph_images(original, vision, pictures, half))
        words, words_centred = check.cosines(texts, check.graph_texts(original, text, check.TEXTS, half))
        print(f'{kind}: least cosine with the original: pictures {image:.6f} ({centred:.6f} without their mean), texts {words:.6f} ({words_centred:.6f})'
              + (f', parts {check.parts(original, vision, pictures, half):.6f}' if patches else ''))
        wrong = wrong or not (image >= limit and words >= limit)  # what is no number is wrong as well
    if wrong:
        sys.exit('the graph does not give what the original gives')


if __name__ == '__main__':
    main()
