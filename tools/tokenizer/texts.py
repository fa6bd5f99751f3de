"""The texts on which tokenizers are compared: what people type, in many languages, and what
breaks tokenizers. The same list every time; no outside data."""
import random
import unicodedata

SENTENCES = '''
a dog running on the beach at sunset
two children are playing in the snow with a red sled
Grandma's 80th birthday, cake & candles
the Eiffel Tower at night, seen from across the river
A photo of a black-and-white cat sleeping on an old sofa.
IMG_2043 copy (1).JPG
screenshot of a train ticket from Berlin to Hamburg, 12/05/2019 08:47
what's that bird? it's sitting on the neighbour's roof, isn't it?
my wife & I @ the summit of Mt. Rainier!!! #hiking #2017
a plate of spaghetti with tomato sauce, $12.50 (incl. 20% tip)
they'd say we'll never know; I've heard you're right, I'm sure he'd agree
ein Hund läuft über die grüne Wiese, während die Sonne untergeht
Größe, Straße, Übermut, Äpfel und Öl
Zwei Kinder bauen am Strand eine große Burg aus Sand
un chien court sur la plage au coucher du soleil
l'été dernier, nous étions à l'hôtel près de la forêt
où est passé le garçon avec le vélo bleu ?
un perro corriendo por la playa al atardecer
¿Dónde está la niña? ¡Qué mañana más fría!
um cachorro correndo na praia ao pôr do sol, três irmãos e uma canção
un cane che corre sulla spiaggia al tramonto, perché è così
en hund som springer på stranden i solnedgången, blåbär och räksmörgås
koira juoksee rannalla auringonlaskun aikaan, hyvää syntymäpäivää
pies biegnący po plaży o zachodzie słońca, żółć i gęślą jaźń
pes běžící po pláži při západu slunce, příliš žluťoučký kůň
kutya fut a tengerparton naplementekor, árvíztűrő tükörfúrógép
gün batımında sahilde koşan bir köpek, İstanbul'da ışıl ışıl
câine alergând pe plajă la apus, și țărmul mării
chó chạy trên bãi biển lúc hoàng hôn, một bức ảnh đẹp
собака бежит по пляжу на закате
Двое детей играют в снегу; бабушкин день рождения
пес біжить по пляжу на заході сонця, їжак і ґанок
куче тича по плажа при залез слънце
σκύλος που τρέχει στην παραλία το ηλιοβασίλεμα
ΟΔΥΣΣΕΥΣ ΚΑΙ ΠΗΝΕΛΟΠΗ, ΣΑΣ ΕΥΧΑΡΙΣΤΩ
כלב רץ על החוף בשקיעה
שני ילדים משחקים בשלג, יום הולדת שמח
كلب يجري على الشاطئ عند غروب الشمس
طفلان يلعبان في الثلج، عيد ميلاد سعيد يا جدتي
سگ در حال دویدن در ساحل هنگام غروب
کتا ساحل پر دوڑ رہا ہے
सूर्यास्त के समय समुद्र तट पर दौड़ता कुत्ता
दो बच्चे बर्फ में खेल रहे हैं
সূর্যাস্তের সময় সৈকতে একটি কুকুর দৌড়াচ্ছে
சூரிய அஸ்தமனத்தில் கடற்கரையில் ஓடும் நாய்
సూర్యాస్తమయ సమయంలో బీచ్‌లో పరుగెత్తుతున్న కుక్క
ಸೂರ್ಯಾಸ್ತದ ಸಮಯದಲ್ಲಿ ಕಡಲತೀರದಲ್ಲಿ ಓಡುವ ನಾಯಿ
സൂര്യാസ്തമയ സമയത്ത് കടൽത്തീരത്ത് ഓടുന്ന നായ
สุนัขวิ่งบนชายหาดตอนพระอาทิตย์ตก น้ำใจงาม
ໝາແລ່ນຢູ່ຫາດຊາຍ ນ້ຳ
ခွေးတစ်ကောင် ကမ်းခြေမှာ ပြေးနေတယ်
ឆ្កែរត់នៅលើឆ្នេរពេលថ្ងៃលិច
ძაღლი გარბის სანაპიროზე მზის ჩასვლისას
շունը վազում է լողափով մայրամուտին
日落时在海滩上奔跑的狗
两个孩子在雪地里玩耍，奶奶的八十岁生日
日落時在沙灘上奔跑的狗，龍與鳳凰
夕日の浜辺を走る犬
二人の子供が雪の中で遊んでいる。おばあちゃんの誕生日！
ﾊﾟｿｺﾝとｶﾒﾗ、ＴＯＫＹＯ２０２０
해질녘 해변을 달리는 개
두 아이가 눈 속에서 놀고 있다
mbwa akikimbia ufukweni wakati wa machweo
anjing berlari di pantai saat matahari terbenam
ውሻ በባህር ዳርቻ ላይ ሲሮጥ
'''.strip().split('\n')

EMOJI = ['😀', '🐶', '👨‍👩‍👧‍👦', '👍🏽', '🇩🇪', '🇺🇸🇫🇷', '❤️', '☀', '☀️', '🏳️‍🌈', '🧑🏿‍🚀', '1️⃣', '🏴󠁧󠁢󠁳󠁣󠁴󠁿', '🤷🏼‍♀️', '🎂🎉', '🫶', '✌🏻', '👩‍❤️‍💋‍👨', '🐕‍🦺', '⚽🏀']

ODD = ['', ' ', '   ', '\t', '\n', '\r\n', '\u00a0', '\u3000', '\u200b', '\ufeff', '\u200d', '\u2028', '\x00', '\x07', '\x1b[31mred\x1b[0m',
       '\ufffd', '.', '...', '…', '!!!!', '?', "'", "''", "'s", "'S", "I'M", "DON'T", "don’t", '“quoted”', '‘single’', '„unten“', '«guillemets»',
       '-', '--', '—', '–', '_', '__init__', 'a_b', '#', '##', '##ing', '@', '&', '&amp;', '&amp;amp;', '&lt;b&gt;bold&lt;/b&gt;', '&quot;x&quot;',
       '&nbsp;', '&#39;', '&#x27;', '&eacute;t&eacute;', '<b>bold &amp; italic</b>', '&notanentity;', 'AT&T', 'R&D;', '<s>', '</s>', '<unk>', '<pad>', '<bos>', '<eos>',
       '[CLS]', '[SEP] [PAD]', '[MASK]', '<|startoftext|>', '<|endoftext|>', 'a<|endoftext|>b', '<start_of_text>x<end_of_text>', 'x <pad> y', '▁', '▁▁a', 'a▁b', '</w>', 'Ġ', 'Ċ',
       '<0x41>', '0', '1', '12', '123', '1234567890', '3.14', '1,000,000', '1/2', '½', '⅓', '²', 'm²', 'H₂O', '№', '™', '©', '®', '€', '£', '¥', '₹', '°C', '25°', 'µm', 'Ω', 'Å', 'K',
       'ﬁ', 'ﬀ', 'ﬃ', 'ſ', 'ĳ', 'Ǆ', 'ŉ', 'ß', 'ẞ', 'İ', 'ı', 'I', 'İi', 'Σ', 'ΣΑΣ', 'ΑΣ.', 'ΑΣ Σ', "Σ'Σ", 'ς', 'Ǆǅǆ', 'Ａ', 'ｱ', 'ｶﾞ', '㍿', '㌔', '㎏', 'ﷺ', '①②③', 'Ⅳ', 'ⅳ', '𝒥𝑜𝒽𝓃', '𝟙𝟚', '🅰', 'Ⓐ',
       'é', 'e\u0301', 'E\u0301', 'a\u0308', 'A\u030a', 'o\u0308\u0304', 'q\u0307\u0323', 'q\u0323\u0307', '\u0301', '\u0301a', ' \u0301', '½\u0301', 'ﬁ\u0301', '\u00a0\u0301', 'x\u200d', 'x\u200dy', '\u0600a', '\u0600', 'ก\u0e33', 'e\u20dd', '한', '\u1112\u1161\u11ab', '각', 'ᄀ', 'ᄀ각', '각ᆨ',
       'Z\u0351\u036b\u0343\u036a\u0302A\u0334\u0335\u031cL\u0320\u031dG\u0300\u0301O\u0321', 'a' + '\u0301' * 40, 'n\u0303' * 30,
       'क्षि', 'ක්‍ෂ', 'നു', 'กำ', 'ກຳ', '\u0e33', 'بِسْمِ', 'שָׁלוֹם', '\u202bעברית\u202c', 'a\u200eb', 'a\u200fb', '\u2066x\u2069', 'ab\u00adcd', '\u180e', '\u1680', '\u2003x\u2003', 'x\u2009y', '\u0085', 'a\u0085b', '\x0b', '\x0c', '\x1c', 'a\x1cb', '\x7f', '\x80', '\x93hi\x94', '\ue000', '\U0010fffd', '\uffff', '\U0001fae8', '\U000e0001',
       'supercalifragilisticexpialidocious', 'Donaudampfschifffahrtsgesellschaftskapitän', 'https://example.org/a/b?c=d&e=f#g', 'name@example.com', 'C:\\Users\\me\\Pictures', '/home/me/Bilder/2019-05-12', 'foo.bar', 'a.b.c', 'CamelCaseWord', 'ALLCAPS', 'mIxEd', 'x'*99, 'x'*100, 'x'*101, 'é'*101, '犬'*150]

LONG = ['dog ' * 500, 'supercalifragilistic' * 300, '!' * 3000, ' ' * 3000, '犬 猫' * 600, '🐶' * 700, 'é' * 3000, 'e\u0301' * 1500, 'a' * 20000, 'the quick brown fox jumps over the lazy dog. ' * 400, '\n' * 2000 + 'x', '1234567890' * 300, 'ab' * 9000, 'собака ' * 700, '<|endoftext|>' * 200, "don't " * 500]

BLOCKS = [(0x20, 0x7e), (0x20, 0x7e), (0xa0, 0x17f), (0x180, 0x24f), (0x250, 0x2ff), (0x300, 0x36f), (0x370, 0x3ff), (0x400, 0x52f), (0x530, 0x58f), (0x590, 0x5ff), (0x600, 0x6ff), (0x700, 0x74f), (0x900, 0x97f), (0x980, 0x9ff),
          (0xa00, 0xb7f), (0xb80, 0xcff), (0xd00, 0xdff), (0xe00, 0xeff), (0xf00, 0xfff), (0x1000, 0x109f), (0x10a0, 0x10ff), (0x1100, 0x11ff), (0x1200, 0x137f), (0x13a0, 0x13ff), (0x1780, 0x17ff), (0x1e00, 0x1eff), (0x1f00, 0x1fff),
          (0x2000, 0x206f), (0x2070, 0x20cf), (0x20d0, 0x20ff), (0x2100, 0x218f), (0x2190, 0x23ff), (0x2460, 0x24ff), (0x2500, 0x27bf), (0x2e80, 0x2fdf), (0x3000, 0x30ff), (0x3130, 0x318f), (0x3200, 0x33ff), (0x4e00, 0x9fff), (0xac00, 0xd7a3), (0xf900, 0xfaff), (0xfb00, 0xfb4f), (0xfb50, 0xfdff), (0xfe20, 0xfe6f), (0xfe70, 0xfeff), (0xff00, 0xffef),
          (0x10400, 0x1044f), (0x1d400, 0x1d7ff), (0x1f100, 0x1f2ff), (0x1f300, 0x1f64f), (0x1f680, 0x1f6ff), (0x1f900, 0x1f9ff), (0x20000, 0x2a6d6)]


def texts():
    r = random.Random(20240607)
    out = list(ODD) + list(LONG) + list(EMOJI) + list(SENTENCES)
    words = [w for s in SENTENCES for w in s.split()]
    for s in SENTENCES:
        out += [s.upper(), s.title(), unicodedata.normalize('NFD', s), '  ' + s.replace(' ', '  ') + ' \n', s[:len(s) // 2] + r.choice(EMOJI) + s[len(s) // 2:], r.choice(ODD[:90]) + s + r.choice(ODD[:90])]
    for _ in range(900):
        out.append(' '.join(r.choice(words) for _ in range(r.randint(1, 14))))
    for _ in range(300):
        out.append(''.join(r.choice(words + EMOJI + ODD) + r.choice(['', ' ', ' ', ', ', '-', '\t']) for _ in range(r.randint(2, 6))))

    def pick(lo, hi):
        while True:
            c = chr(r.randint(lo, hi))
            if unicodedata.category(c) != 'Cn' and not 0xd800 <= ord(c) < 0xe000:
                return c
    for _ in range(900):
        lo, hi = r.choice(BLOCKS)
        out.append(''.join(pick(lo, hi) if r.random() < .85 else r.choice(' \u0301a1') for _ in range(r.randint(1, 12))))
    for _ in range(400):
        out.append(''.join(pick(*r.choice(BLOCKS)) for _ in range(r.randint(1, 8))))
    seen, uniq = set(), []
    for t in out:
        if t not in seen:
            seen.add(t)
            uniq.append(t)
    return uniq
