"""Makes the tokenizers and fixtures that clipengine/tokenize is tested with.

    pip install --no-deps -r tools/tokenizer/requirements.txt
    python tools/tokenizer/fixtures.py [--clip tokenizer.json]

Writes into clipengine/tokenize/testdata:
  xlmr.json.gz, t5.json.gz, gemma.json.gz   small vocabularies of the published kinds, trained here with
                                            SentencePiece, in the form in which Hugging Face publishes them
  ids.json.gz                               texts and the numbers that the Python originals give: tokenizers for
                                            everything that is a tokenizer.json, OpenCLIP's SimpleTokenizer for CLIP

--clip names a published tokenizer.json of a CLIP model; its numbers are stored too, and the file is not.
"""
import argparse
import base64
import gzip
import io
import json
import pathlib
import sys
import types

import ftfy
import sentencepiece as spm
import sentencepiece.sentencepiece_model_pb2 as spb
import tokenizers

from texts import SENTENCES, EMOJI, texts

ROOT = pathlib.Path(__file__).resolve().parents[2]
OUT = ROOT / 'clipengine/tokenize/testdata'


def corpus():
    import unicodedata
    names = [unicodedata.name(chr(c), '').lower() for c in range(0x20, 0x3000)]
    return SENTENCES * 40 + [n for n in names if n] + EMOJI * 3


def train(**kw):
    buf = io.BytesIO()
    spm.SentencePieceTrainer.train(sentence_iterator=iter(corpus()), model_writer=buf, minloglevel=2, num_threads=1, **kw)
    m = spb.ModelProto()
    m.ParseFromString(buf.getvalue())
    return m


def added(tokens):
    return [{'id': i, 'content': t, 'single_word': False, 'lstrip': t == '<mask>', 'rstrip': False, 'normalized': False, 'special': True} for i, t in tokens]


def precompiled(m):
    return {'type': 'Precompiled', 'precompiled_charsmap': base64.b64encode(m.normalizer_spec.precompiled_charsmap).decode()}


def template(before, after):
    def tok(t): return {'SpecialToken': {'id': t[1], 'type_id': 0}}
    return {'type': 'TemplateProcessing', 'single': [tok(t) for t in before] + [{'Sequence': {'id': 'A', 'type_id': 0}}] + [tok(t) for t in after],
            'pair': [{'Sequence': {'id': 'A', 'type_id': 0}}, {'Sequence': {'id': 'B', 'type_id': 0}}],
            'special_tokens': {t[1]: {'id': t[1], 'ids': [t[0]], 'tokens': [t[1]]} for t in before + after}}


def xlmr():
    """As XLM-RoBERTa: unigram, NMT-NFKC table, words, <s> text </s>; its numbering has <s> <pad> </s> <unk> first."""
    m = train(model_type='unigram', vocab_size=1800, character_coverage=0.9995, normalization_rule_name='nmt_nfkc')
    vocab = [['<s>', 0.0], ['<pad>', 0.0], ['</s>', 0.0], ['<unk>', 0.0]] + [[p.piece, p.score] for p in m.pieces[3:]] + [['<mask>', 0.0]]
    return {'version': '1.0', 'truncation': None, 'padding': None, 'added_tokens': added([(0, '<s>'), (1, '<pad>'), (2, '</s>'), (3, '<unk>'), (len(vocab) - 1, '<mask>')]),
            'normalizer': {'type': 'Sequence', 'normalizers': [precompiled(m), {'type': 'Replace', 'pattern': {'Regex': ' {2,}'}, 'content': ' '}]},
            'pre_tokenizer': {'type': 'Sequence', 'pretokenizers': [{'type': 'WhitespaceSplit'}, {'type': 'Metaspace', 'replacement': '▁', 'prepend_scheme': 'always', 'split': True}]},
            'post_processor': template([(0, '<s>')], [(2, '</s>')]), 'decoder': None, 'model': {'type': 'Unigram', 'unk_id': 3, 'vocab': vocab, 'byte_fallback': False}}


def t5():
    """As SigLIP's T5 kind: unigram, lower case without punctuation, one trailing </s>, sentinels as added tokens."""
    m = train(model_type='unigram', vocab_size=1500, character_coverage=0.999, normalization_rule_name='nmt_nfkc_cf', pad_id=0, eos_id=1, unk_id=2, bos_id=-1, byte_fallback=True)
    vocab = [[p.piece, p.score] for p in m.pieces] + [['<extra_id_0>', 0.0]]
    return {'version': '1.0', 'truncation': None, 'padding': None, 'added_tokens': added([(0, '<pad>'), (1, '</s>'), (2, '<unk>'), (len(vocab) - 1, '<extra_id_0>')]),
            'normalizer': {'type': 'Sequence', 'normalizers': [{'type': 'Lowercase'}, {'type': 'Replace', 'pattern': {'Regex': '[!"#$%&\'()*+,\\-./:;<=>?@\\[\\\\\\]^_`{|}~]'}, 'content': ''},
                                                                {'type': 'Replace', 'pattern': {'Regex': '\\s+'}, 'content': ' '}, {'type': 'Strip', 'strip_left': True, 'strip_right': True}, precompiled(m)]},
            'pre_tokenizer': {'type': 'Metaspace', 'replacement': '▁', 'prepend_scheme': 'first', 'split': False},
            'post_processor': template([], [(1, '</s>')]), 'decoder': None, 'model': {'type': 'Unigram', 'unk_id': 2, 'vocab': vocab, 'byte_fallback': True}}


def gemma():
    """As Gemma (SigLIP 2): byte-pair encoding of whole texts with byte fallback, <bos> text <eos>."""
    m = train(model_type='bpe', vocab_size=1900, character_coverage=0.999, normalization_rule_name='identity', remove_extra_whitespaces=False, add_dummy_prefix=False,
              pad_id=0, eos_id=1, bos_id=2, unk_id=3, byte_fallback=True, pad_piece='<pad>', eos_piece='<eos>', bos_piece='<bos>')
    vocab = {p.piece: i for i, p in enumerate(m.pieces)}
    merges = []
    for p in m.pieces:
        if p.type != 1:
            continue
        for i in range(1, len(p.piece)):
            a, b = p.piece[:i], p.piece[i:]
            if a in vocab and b in vocab:
                merges.append((vocab[p.piece], vocab[a], vocab[b], [a, b]))
    merges = [x[3] for x in sorted(merges, key=lambda x: x[:3])]
    return {'version': '1.0', 'truncation': None, 'padding': None, 'added_tokens': added([(0, '<pad>'), (1, '<eos>'), (2, '<bos>'), (3, '<unk>')]),
            'normalizer': {'type': 'Replace', 'pattern': {'String': ' '}, 'content': '▁'}, 'pre_tokenizer': {'type': 'Split', 'pattern': {'String': ' '}, 'behavior': 'MergedWithPrevious', 'invert': False},
            'post_processor': template([(2, '<bos>')], [(1, '<eos>')]), 'decoder': None,
            'model': {'type': 'BPE', 'dropout': None, 'unk_token': '<unk>', 'continuing_subword_prefix': None, 'end_of_word_suffix': None, 'fuse_unk': True, 'byte_fallback': True, 'ignore_merges': False, 'vocab': vocab, 'merges': merges}}


def open_clip():
    """OpenCLIP's tokenizer without the rest of the package, which needs torch."""
    import importlib.util
    sys.modules.setdefault('torch', types.SimpleNamespace(LongTensor=None, Tensor=None, long=None, zeros=None, tensor=None))
    spec = importlib.util.find_spec('open_clip')
    path = pathlib.Path(spec.submodule_search_locations[0]) / 'tokenizer.py'
    spec = importlib.util.spec_from_file_location('open_clip_tokenizer', path)
    mod = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(mod)
    return mod


def write(name, obj):
    data = json.dumps(obj, ensure_ascii=False, separators=(',', ':')).encode()
    (OUT / name).write_bytes(gzip.compress(data, 9, mtime=0))
    return data.decode()


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument('--clip')
    args = ap.parse_args()
    OUT.mkdir(exist_ok=True)
    # Guessing wrong encodings is the one part of ftfy that the program leaves out.
    all_texts = [t for t in texts() if ftfy.fix_encoding(t) == t]
    sets = []

    def record(name, limit, encode):
        sets.append({'name': name, 'limit': limit, 'ids': [encode(t) for t in all_texts]})

    def hf(name, limit, source):
        tok = tokenizers.Tokenizer.from_str(source)
        tok.no_padding()
        tok.enable_truncation(limit)
        record(name, limit, lambda t: tok.encode(t).ids)

    hf('starter', 64, (ROOT / 'assets/starter/tokenizer.json').read_text())
    for name, make, limit in (('xlmr', xlmr, 77), ('t5', t5, 64), ('gemma', gemma, 64)):
        hf(name, limit, write(name + '.json.gz', make()))
    mod = open_clip()
    clip = mod.SimpleTokenizer(bpe_path=str(ROOT / 'clipengine/tokenize/clipvocab/bpe_simple_vocab_16e6.txt.gz'))

    def encode(t):
        ids = [clip.sot_token_id] + clip.encode(t) + [clip.eot_token_id]
        if len(ids) > 77:
            ids = ids[:77]
            ids[-1] = clip.eot_token_id
        return ids
    record('clip', 77, encode)
    if args.clip:
        hf('clip.json', 77, pathlib.Path(args.clip).read_text())
    canon = [mod.canonicalize_text(mod.basic_clean(t)) if len(t) < 400 else None for t in all_texts]
    write('ids.json.gz', {'texts': all_texts, 'sets': sets, 'canonical': canon})
    print(len(all_texts), 'texts', file=sys.stderr)


if __name__ == '__main__':
    main()
