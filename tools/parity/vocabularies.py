"""Folders with the configuration and tokenizer of text towers that come from transformers.

Published vocabularies of XLM-RoBERTa, NLLB, SigLIP (T5's kind) and Gemma lie on hubs; in their places stand
vocabularies that the same tool (SentencePiece) trained, with the same normaliser and the same special tokens.
"""
import gzip
import io
import json
import pathlib
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
DATA = ROOT / 'clipengine/tokenize/testdata'
sys.path.append(str(ROOT / 'tools/tokenizer'))

CLASSES = {
    'xlmr': {'tokenizer_class': 'PreTrainedTokenizerFast', 'bos_token': '<s>', 'eos_token': '</s>', 'sep_token': '</s>', 'cls_token': '<s>', 'unk_token': '<unk>', 'pad_token': '<pad>', 'mask_token': '<mask>'},
    'nllb': {'tokenizer_class': 'PreTrainedTokenizerFast', 'bos_token': '<s>', 'eos_token': '</s>', 'sep_token': '</s>', 'cls_token': '<s>', 'unk_token': '<unk>', 'pad_token': '<pad>', 'mask_token': '<mask>'},
    't5': {'tokenizer_class': 'PreTrainedTokenizerFast', 'eos_token': '</s>', 'unk_token': '<unk>', 'pad_token': '</s>'},
    'gemma': {'tokenizer_class': 'PreTrainedTokenizerFast', 'bos_token': '<bos>', 'eos_token': '<eos>', 'unk_token': '<unk>', 'pad_token': '<pad>'},
    'bert': {'tokenizer_class': 'PreTrainedTokenizerFast', 'unk_token': '[UNK]', 'sep_token': '[SEP]', 'cls_token': '[CLS]', 'pad_token': '[PAD]', 'model_input_names': ['input_ids', 'token_type_ids', 'attention_mask']},
    'clip': {'tokenizer_class': 'PreTrainedTokenizerFast', 'bos_token': '<|startoftext|>', 'eos_token': '<|endoftext|>', 'unk_token': '<|endoftext|>', 'pad_token': '<|endoftext|>'},
}


def read(name):
    return json.loads(gzip.decompress((DATA / f'{name}.json.gz').read_bytes()))


def nllb():
    """As NLLB's: SentencePiece's byte-pair encoding with XLM-R's normaliser and numbering; languages are tokens after
    the pieces, and a text is 'eng_Latn text </s>'."""
    import sentencepiece as spm
    import sentencepiece.sentencepiece_model_pb2 as spb
    import fixtures
    buf = io.BytesIO()
    spm.SentencePieceTrainer.train(sentence_iterator=iter(fixtures.corpus()), model_writer=buf, minloglevel=2, num_threads=1, model_type='bpe',
                                   vocab_size=1600, character_coverage=0.9995, normalization_rule_name='nmt_nfkc')
    m = spb.ModelProto()
    m.ParseFromString(buf.getvalue())
    pieces = ['<s>', '<pad>', '</s>', '<unk>'] + [p.piece for p in m.pieces[3:]]
    vocab = {p: i for i, p in enumerate(pieces)}
    merges = []
    for p in pieces[4:]:
        for i in range(1, len(p)):
            if p[:i] in vocab and p[i:] in vocab:
                merges.append((vocab[p], vocab[p[:i]], vocab[p[i:]], [p[:i], p[i:]]))
    merges = [x[3] for x in sorted(merges, key=lambda x: x[:3])]
    extra = ['deu_Latn', 'eng_Latn', 'fra_Latn', 'rus_Cyrl', 'zho_Hans', '<mask>']
    added = [(vocab[t], t) for t in pieces[:4]] + [(len(pieces) + i, t) for i, t in enumerate(extra)]
    english = added[4 + extra.index('eng_Latn')]
    t = read('xlmr')
    t['added_tokens'] = fixtures.added(added)
    t['post_processor'] = fixtures.template([english], [(2, '</s>')])
    t['pre_tokenizer'] = {'type': 'Metaspace', 'replacement': '▁', 'prepend_scheme': 'always', 'split': True}
    t['model'] = {'type': 'BPE', 'dropout': None, 'unk_token': '<unk>', 'continuing_subword_prefix': None, 'end_of_word_suffix': None,
                  'fuse_unk': True, 'byte_fallback': False, 'ignore_merges': False, 'vocab': vocab, 'merges': merges}
    return t


def clip(merges=None):
    """CLIP's tokenizer.json; with merges only the first of them, for small models."""
    import open_clip
    import tokenizer
    simple = open_clip.tokenizer.SimpleTokenizer()
    if merges:
        ranks = sorted(simple.bpe_ranks, key=simple.bpe_ranks.get)[:merges]
        tokens = list(simple.encoder)[:512] + [''.join(m) for m in ranks] + ['<start_of_text>', '<end_of_text>']
        simple.encoder = {t: i for i, t in enumerate(tokens)}
        simple.bpe_ranks = {m: i for i, m in enumerate(ranks)}
    return json.loads(tokenizer.clip_json(simple))


def tokenizer_json(name, merges=None):
    if name == 'bert':
        return json.loads((ROOT / 'assets/starter/tokenizer.json').read_text())
    if name == 'nllb':
        return nllb()
    if name == 'clip':
        return clip(merges)
    return read(name)


def folder(path, name, config=None, limit=512, merges=None):
    """Writes tokenizer and, if given, configuration as AutoTokenizer and AutoConfig read them."""
    path = pathlib.Path(path)
    path.mkdir(parents=True, exist_ok=True)
    t = tokenizer_json(name, merges)
    (path / 'tokenizer.json').write_text(json.dumps(t, ensure_ascii=False))
    (path / 'tokenizer_config.json').write_text(json.dumps(dict(CLASSES[name], model_max_length=limit)))
    if config is not None:
        (path / 'config.json').write_text(json.dumps(config.to_dict(), default=str))
    return path
