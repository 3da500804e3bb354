"""Prints proof/fold.txt: how each character folds when references are compared for looks.

A line holds a character and what it folds to: its compatibility decomposition (NFKD), case
folded, decomposed again. Characters that fold to themselves have no line, and neither have
the Hangul syllables, whose decomposition is a rule. White space, controls and format
characters (categories Z and C) are taken out by the caller, before and after.

    python3 fold_table.py > ../proof/fold.txt
"""

import sys
import unicodedata


def fold(text):
    decomposed = unicodedata.normalize("NFKD", text).casefold()
    decomposed = unicodedata.normalize("NFKD", decomposed)
    return "".join(c for c in decomposed if unicodedata.category(c)[0] not in "ZC")


def main():
    out = []
    for code in range(0x80, 0x110000):
        char = chr(code)
        if 0xAC00 <= code <= 0xD7A3 or unicodedata.category(char)[0] in "ZC":
            continue
        folded = fold(char)
        if folded != char:
            out.append(char + folded + "\n")
    sys.stdout.buffer.write("".join(out).encode())


if __name__ == "__main__":
    main()
