"""Tokenizers as tokenizer.json."""
import tokenizers
from tokenizers import Regex, models, normalizers, pre_tokenizers, processors

# OpenAI's expression, with the names that its special tokens have in tokenizer.json.
WORDS = r"""<\|startoftext\|>|<\|endoftext\|>|'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+"""


def clip_json(simple):
    """open_clip's SimpleTokenizer as the tokenizer.json with which CLIP models are published."""
    names = {'<start_of_text>': '<|startoftext|>', '<end_of_text>': '<|endoftext|>'}
    vocab = {names.get(t, t): i for t, i in simple.encoder.items()}
    merges = sorted(simple.bpe_ranks, key=simple.bpe_ranks.get)
    end = '<|endoftext|>'
    t = tokenizers.Tokenizer(models.BPE(vocab, merges, unk_token=end, continuing_subword_prefix='', end_of_word_suffix='</w>', fuse_unk=False))
    t.add_special_tokens([tokenizers.AddedToken(s, normalized=True) for s in names.values()])
    t.normalizer = normalizers.Sequence([normalizers.NFC(), normalizers.Replace(Regex(r'\s+'), ' '), normalizers.Lowercase()])
    t.pre_tokenizer = pre_tokenizers.Sequence([
        pre_tokenizers.Split(Regex(WORDS), 'removed', invert=True),
        pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)])
    t.post_processor = processors.RobertaProcessing(sep=(end, vocab[end]), cls=('<|startoftext|>', vocab['<|startoftext|>']), trim_offsets=False, add_prefix_space=False)
    return t.to_str()
