"""Prints the marks and punctuation that BERT's tokenizer does not know as such.

    python tools/tokenizer/bert_tables.py

The tokenizers package decides them by tables of Unicode 8; Go's are newer. The difference
is in clipengine/tokenize/bert.go.
"""
import unicodedata

import regex
from tokenizers import normalizers, pre_tokenizers


def ranges(codes):
    out = []
    for c in codes:
        if out and out[-1][1] == c - 1:
            out[-1][1] = c
        else:
            out.append([c, c])
    return ' '.join(f'{a:X}-{b:X}' if a != b else f'{a:X}' for a, b in out)


def main():
    split = pre_tokenizers.BertPreTokenizer()
    strip = normalizers.BertNormalizer(clean_text=False, handle_chinese_chars=False, strip_accents=True, lowercase=False)
    clean = normalizers.BertNormalizer(clean_text=True, handle_chinese_chars=False, strip_accents=False, lowercase=False)
    marks, punctuation, format_ = [], [], []
    for i in range(0x80, 0x110000):
        if 0xd800 <= i < 0xe000:
            continue
        c = chr(i)
        if regex.match(r'\p{P}', c) and len(split.pre_tokenize_str('a' + c + 'a')) != 3:
            punctuation.append(i)
        if regex.match(r'\p{Mn}', c) and unicodedata.normalize('NFD', c) == c and strip.normalize_str('a' + c) != 'a':
            marks.append(i)
        if regex.match(r'\p{Cc}|\p{Cf}|\p{Co}', c) and clean.normalize_str('a' + c) != 'a':
            format_.append(i)
    print('marks', ranges(marks))
    print('punctuation', ranges(punctuation))
    print('format', ranges(format_))


if __name__ == '__main__':
    main()
