"""Prints proof/fold.txt: how each character folds when references are compared for looks.

A line holds a character and what it folds to: its compatibility decomposition (NFKD), case
folded, decomposed again. Characters that fold to themselves have no line, and neither have
the Hangul syllables, whose decomposition is a rule. White space, controls and format
characters (categories Z, Cc and Cf) are taken out by the caller, and here from what
others fold to.

    python3 fold_table.py > ../proof/fold.txt
"""

import sys
import unicodedata


def unseen(char):
    category = unicodedata.category(char)
    return category[0] == "Z" or category in ("Cc", "Cf")


def fold(text):
    decomposed = unicodedata.normalize("NFKD", text).casefold()
    decomposed = unicodedata.normalize("NFKD", decomposed)
    return "".join(c for c in decomposed if not unseen(c))


def main():
    out = []
    for code in range(0x80, 0x110000):
        char = chr(code)
        if 0xAC00 <= code <= 0xD7A3 or 0xD800 <= code <= 0xDFFF or unseen(char):
            continue
        folded = fold(char)
        if folded != char:
            out.append(char + folded + "\n")
    sys.stdout.buffer.write("".join(out).encode())


if __name__ == "__main__":
    main()
