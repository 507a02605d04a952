"""Handwritten digits without a data set: a simulated pen writes them in the styles people use.

A style is a pair of ways to move the pen, the extremes between which many hands lie. A way is a
text of the points that the pen passes, x,y in a box of 10 units across and 14 down. The line
through them is smooth, except at a point marked `*`, a corner; `;` lifts the pen. Each writing is
somewhere between the two ways and has a wobble, a slant, proportions and a pen of its own.
"""

import re

import numpy as np

from support import strokes

# Digit, share among the digit's styles, one way, the other way.
# fmt: off
STYLES = [
    # 0: closed, or open at the top; narrow to wide; ending in a curl or crossing its start;
    # slashed, within the ring or beyond it, by a second stroke or the same
    (0, 4, "5,0 2,3 2,11 5,14 8,11 8,3 5,0", "5,0 -1,4 -1,10 5,14 11,10 11,4 5,0"),
    (0, 2, "4,0 1,4 1,10 5,14 9,10 9,4 4,1", "2,1 -1,6 1,12 6,14 10,10 10,4 3,2"),
    (0, 1, "8,2 5,0 1,4 1,10 5,14 9,10 8,3 4,4", "10,0 4,0 -1,5 1,12 6,14 11,10 9,3 2,3"),
    (0, 1, "3,1 1,6 3,13 7,13 9,7 6,0", "1,2 -1,9 3,14 9,13 11,6 4,0"),
    (0, 0.4, "5,0 1,4 1,10 5,14 9,10 9,4 5,0; 9,1 5,7 1,13",
        "5,0 0,4 0,10 5,14 10,10 10,4 5,0; 8,3 5,7 2,11"),
    (0, 1, "5,0 0,4 0,10 5,14 10,10 10,4 5,0; 9,-2 5,7 1,16",
        "5,0 -1,4 -1,10 5,14 11,10 11,4 5,0; 12,2 5,7 -2,12"),
    (0, 0.5, "5,0 0,4 0,10 5,14 10,10 10,4 5,0; 12,3 5,7 -2,11",
        "5,0 0,4 0,10 5,14 10,10 10,4 5,0; 7,-2 5,7 3,16"),
    (0, 0.5, "8,1 5,0 0,4 0,10 5,14 10,10 10,4 9,-2* 5,7 1,16",
        "8,1 5,0 -1,4 -1,10 5,14 11,10 11,5 12,1* 5,7 -2,12"),
    (0, 0.4, "5,0 10,4 10,10 5,14 0,10 0,4 6,0 9,-2* 5,7 1,16",
        "4,0 11,4 11,10 5,14 -1,10 -1,4 7,0 12,0* 5,7 -2,12"),
    (0, 0.2, "8,1 5,0 1,4 1,10 5,14 9,10 9,4 6,1 3,5 7,8 3,9",
        "9,2 5,0 0,4 0,10 5,14 10,10 9,4 5,3 3,7 7,10 8,6"),
    # 1: bare, or with a flag from a tick to a long arched upstroke; with a foot, a hook or neither
    (1, 5, "5,0 5,5 5,9 5,14", "5,0 6,5 5,9 4,14"),
    (1, 3, "4,2 6,0* 6,5 6,10 6,14", "-2,8 6,0* 6,5 5,10 5,14"),
    (1, 3, "3,3 5,2 6,0* 6,5 6,10 6,14", "-3,6 2,4 6,0* 6,5 5,10 4,14"),
    (1, 3, "4,2 6,0* 6,7 6,14; 3,14 6,14 9,14", "0,5 6,0* 6,7 6,14; 0,14 6,14 12,14"),
    (1, 2, "4,2 6,0* 6,7 6,14* 2,14* 10,14", "0,5 6,0* 6,7 6,14* 1,14* 12,14"),
    (1, 1.5, "-2,14 0,7 3,2 6,0* 6,5 6,14", "-3,9 0,4 3,1 6,0* 6,5 5,14"),
    (1, 2, "4,6 5,3 6,0* 6,5 6,14", "1,9 4,4 7,0* 6,5 4,14"),
    (1, 0.7, "4,1 6,0* 6,7 6,14; 1,14 6,14 11,14", "1,5 6,0* 6,7 6,14; -3,14 6,14 14,14"),
    (1, 0.7, "8,0 6,5 5,11 5,14 8,13", "10,0 7,5 3,12 3,14 5,13"),
    (1, 0.7, "4,2 6,0* 6,7 6,13 4,14 1,14", "1,5 8,0* 6,7 4,13 2,14 0,12"),
    # 2: a sharp corner or a loop at the foot; the base straight, wavy, rising or falling
    (2, 4, "1,4 2,1 5,0 8,1 8,5 5,10 1,14* 5,14 9,14", "0,2 3,0 6,0 8,2 7,5 4,9 0,13* 5,13 11,13"),
    (2, 3, "1,4 2,1 5,0 8,2 7,7 3,12 1,13 2,11 5,13 9,14",
        "0,3 2,0 6,0 8,4 6,9 3,13 0,13 1,10 5,12 11,13"),
    (2, 3, "1,2 3,0 6,0 8,3 7,8 4,13 1,14 0,12 3,11 6,13 10,13",
        "0,3 2,0 6,0 9,4 8,9 5,14 1,14 -1,11 3,9 8,11 12,12"),
    (2, 2, "3,4 1,3 4,0 8,2 7,7 4,11 1,14* 4,13 6,14 9,13",
        "2,5 0,3 3,0 8,1 8,6 5,10 1,13* 3,12 7,14 10,13"),
    (2, 1, "1,0 4,0 8,1 6,6 1,14* 5,14 9,14", "0,1 5,0 9,0 5,7 0,14* 5,14 11,14"),
    (2, 2, "2,4 3,1 5,0 6,2 6,7 4,11 2,14* 6,14 9,14", "1,3 2,1 4,0 6,2 5,7 4,10 2,14* 8,13 13,14"),
    (2, 1, "1,3 3,0 6,0 8,3 5,9 0,14* 7,14 13,14", "1,4 2,0 6,0 8,3 6,9 1,14* 6,12 11,10"),
    (2, 1, "1,3 3,0 6,0 9,3 7,9 3,13 0,13 0,10 4,9 8,12 12,13",
        "0,3 3,0 7,0 9,4 8,9 4,14 -1,14 -3,10 2,7 8,11 13,12"),
    (2, 0.7, "1,3 4,0 8,2 7,6 4,10 1,13 1,11 4,11 7,14 9,12 9,10",
        "0,3 4,0 8,2 7,7 4,11 0,13 1,9 5,10 8,14 11,13 12,9"),
    (2, 1, "0,3 4,0 9,2 6,8 1,13 1,12 4,12 8,13", "1,4 3,0 8,2 7,7 3,12 1,13 3,11 9,14"),
    # 3: a cusp, a curl, a plain bend or none in the middle; the top round or flat; the ends curled
    (3, 4, "1,2 4,0 8,1 8,4 5,6* 9,8 9,11 6,14 1,12", "0,1 4,0 9,1 7,5 3,7* 8,8 8,12 4,14 -1,13"),
    (3, 1, "1,2 5,0 8,2 7,5 4,6 5,7 9,9 8,13 4,14 0,12",
        "0,2 5,0 8,2 6,5 3,7 3,6 8,7 9,12 4,14 0,11"),
    (3, 2, "1,0 5,0 9,0* 6,3 4,6* 8,7 9,11 6,14 1,13", "0,1 4,1 8,0* 6,3 4,5* 9,6 9,12 5,14 0,12"),
    (3, 1, "1,2 5,0 8,2 8,5 6,7 9,10 7,13 4,14 1,13", "1,1 5,0 9,2 9,5 7,7 9,10 8,13 4,14 1,13"),
    (3, 1, "1,3 3,0 7,0 8,3 6,6* 8,8 8,12 5,14 2,13 0,11",
        "0,2 4,0 9,0 8,4 4,7* 7,9 7,12 4,14 1,14 -1,12"),
    (3, 1, "1,1 5,0 9,2 8,6 8,9 7,13 4,14 0,12", "2,1 5,0 9,2 9,6 9,9 8,12 5,14 0,13"),
    (3, 1, "0,0 5,0 9,0* 7,3 4,5 8,8 9,11 6,14 1,13", "-1,1 4,0 10,0* 7,3 6,6 9,8 9,12 5,14 -1,12"),
    (3, 0.5, "2,3 1,1 4,0 8,1 8,4 4,6* 8,8 9,12 5,14 1,13 1,11 3,10",
        "2,4 0,2 4,0 9,1 7,5 3,6* 9,8 9,13 4,14 -1,13 -1,10 2,10"),
    # 4: open or closed, in one stroke or two, the second long or short; like lightning; very wide
    (4, 2, "2,0 1,4 0,8* 5,8 10,8; 7,1 7,7 7,14", "4,0 2,4 0,8* 5,9 10,7; 8,3 7,8 5,14"),
    (4, 2, "2,0 1,5 2,8 5,8 9,7; 8,1 8,7 7,14", "3,0 1,4 1,7 4,9 10,8; 9,0 8,7 6,14"),
    (4, 3, "5,0 3,4 0,9* 5,9 10,9; 6,5 6,9 6,14", "6,0 3,5 0,8* 5,9 11,8; 7,3 6,8 4,14"),
    (4, 6, "3,0 2,5 2,10* 5,10 8,9; 6,6 6,10 6,14", "7,0 4,5 1,10* 4,10 8,8; 7,5 6,9 5,14"),
    (4, 3, "4,0 2,3 2,7 4,9 7,8; 7,5 7,9 7,14", "3,0 3,4 3,9 5,11 8,10; 7,7 7,10 7,14"),
    (4, 2, "7,0 4,4 0,9* 5,9 10,9; 7,0 7,7 7,14", "8,0 4,5 0,10* 5,10 11,9; 8,1 8,7 7,14"),
    (4, 1, "7,14 7,7 7,0* 4,4 0,9* 5,9 10,9", "6,14 7,7 8,0* 4,5 0,10* 5,10 11,9"),
    (4, 0.5, "6,1 3,4 0,8* 5,9 9,8 9,5 7,4* 6,8 6,14", "6,0 3,4 0,9* 4,9 9,7 10,4 8,3* 7,8 6,14"),
    (4, 2, "2,0 1,5 2,8 5,8 8,6 8,1* 8,7 8,14", "1,0 0,4 2,8 6,8 9,4 9,2* 8,7 6,14"),
    (4, 2, "3,0 2,4 3,8 5,9 8,8 8,5* 8,9 7,14", "2,0 1,4 2,8 4,8 7,6 8,4* 7,9 5,14"),
    (4, 0.7, "4,0 2,4 1,8* 5,8 8,6* 7,10 6,14", "7,0 3,4 0,8* 5,9 10,7* 8,10 5,15"),
    (4, 1, "2,0 1,4 0,7* 5,8 10,8; 9,0 6,8 3,16", "4,0 2,3 0,7* 5,8 9,8; 11,1 7,8 2,17"),
    (4, 1, "0,0 -1,4 0,8 5,9 11,8; 10,1 10,7 10,14", "0,1 -2,5 -1,8 6,9 13,8; 12,2 11,7 9,15"),
    # 5: in one stroke, with corners or as an S; the bar a stroke of its own; the tail curled in
    (5, 3, "9,0 6,0 2,0* 2,3 1,6* 5,5 9,8 8,12 4,14 1,13",
        "11,0 6,0 3,1* 2,3 1,6* 5,5 7,8 6,12 3,14 -1,13"),
    (5, 2, "9,0 5,0 2,2 2,5 5,7 8,9 7,13 4,14 1,13", "10,0 6,1 3,2 3,5 6,7 7,10 5,13 2,14 -1,13"),
    (5, 3, "2,1 2,3 1,6* 5,5 9,8 8,12 4,14 1,13; 2,0 6,0 9,0",
        "3,1 2,4 2,6* 5,6 7,9 6,13 2,14 -1,12; 3,1 7,0 12,0"),
    (5, 1, "2,1 2,3 2,6 5,6 9,8 8,12 4,14 1,13; 2,0 6,0 9,0",
        "2,2 2,5 3,7 6,7 8,9 7,13 3,14 0,12; 1,1 6,1 11,0"),
    (5, 1, "8,0 5,0 2,0* 2,3 1,6* 5,4 9,7 9,12 5,14 1,13 0,10",
        "10,-1 5,0 2,1* 2,4 1,7* 5,6 8,8 8,12 5,14 2,14 1,11"),
    (5, 1, "1,2 1,4 1,7* 4,6 8,8 8,12 4,14 0,13; 4,0 8,0 12,-1",
        "2,2 2,4 1,7* 5,6 8,8 7,12 3,14 -1,12; 3,-2 7,-2 11,-3"),
    (5, 0.7, "9,0 5,0 2,0* 2,3 1,6* 5,5 9,8 8,13 4,14 2,12 4,10",
        "10,-1 6,0 2,1* 2,4 1,7* 5,6 9,9 7,14 2,14 0,11 3,10"),
    # 6: the loop tiny to large, closed or not, or ending left of the stem
    (6, 4, "7,0 4,3 1,7 1,11 4,14 8,12 8,9 5,7 2,10", "9,0 4,3 1,8 1,12 5,14 9,12 8,9 5,8 1,11"),
    (6, 2, "4,0 2,4 1,8 1,12 4,14 8,12 8,9 5,7 2,9", "3,0 1,5 0,10 2,13 5,14 8,12 7,9 4,8 1,10"),
    (6, 1, "8,2 6,0 3,3 1,8 2,12 5,14 8,12 8,9 5,8 3,10",
        "9,2 6,0 2,3 0,8 1,13 5,14 9,11 8,8 4,8 3,11"),
    (6, 3, "4,0 1,5 1,11 4,14 8,12 9,8 7,7 5,9 5,13", "3,0 -1,5 0,11 4,14 10,11 12,7 9,5 6,8 5,13"),
    (6, 2, "5,0 3,4 2,8 2,12 4,14 7,13 7,11 5,9 2,11", "8,0 5,3 2,8 1,12 4,14 7,13 7,11 5,10 2,12"),
    (6, 1, "5,0 3,5 2,10 2,13 4,14 5,12 4,11 2,12", "8,0 5,4 2,9 1,13 4,14 6,12 4,10 1,12"),
    (6, 0.5, "8,3 6,0 2,2 1,9 3,13 6,14 9,11 7,8 4,8 2,10",
        "9,4 7,0 2,1 0,8 2,13 6,14 9,11 8,8 4,8 1,10"),
    (6, 0.7, "5,0 2,4 0,9 1,13 5,14 8,12 8,9 5,9 0,12",
        "8,0 4,4 1,9 1,13 4,14 7,12 7,10 4,10 -2,13"),
    # 7: with a bar, a serif, both or neither; the top wavy; the stem straight, bent or curled
    (7, 5, "1,1 5,1 9,0* 7,5 5,9 4,14", "0,1 5,0 9,0* 7,5 6,9 6,14"),
    (7, 2, "1,3 1,1* 5,1 9,0* 7,5 5,9 4,14", "0,6 1,0* 5,1 9,0* 7,5 6,9 5,14"),
    (7, 3, "1,2 4,0 8,1 8,4 6,9 4,14", "0,2 3,1 7,0 9,2 8,7 7,14"),
    (7, 4, "1,1 5,1 9,0* 7,5 5,9 4,14; 3,7 6,7 9,7", "0,1 5,0 9,0* 7,5 6,9 6,14; 2,8 6,7 11,6"),
    (7, 4, "1,2 4,0 8,1 8,4 6,9 4,14; 3,7 6,7 9,6", "0,3 2,0 7,0 9,2 7,8 6,14; 1,10 6,10 12,9"),
    (7, 1, "0,4 1,0* 5,1 8,0* 7,5 5,9 4,14; 3,7 6,7 9,7",
        "0,3 1,1* 5,2 8,1* 7,5 5,9 5,14; 1,8 6,8 12,8"),
    (7, 0.7, "1,1 5,0 9,0* 8,4 6,9 3,14; 2,9 6,9 10,8",
        "0,2 4,1 9,0* 9,5 6,10 0,14; 2,11 6,11 11,10"),
    (7, 1, "0,2 1,0 4,1 6,2 9,0* 7,5 5,9 4,14", "-1,3 2,-1 4,1 7,2 10,0* 8,5 6,9 6,14"),
    (7, 1, "0,2 1,0 4,1 6,2 9,0* 7,5 5,9 4,14; 3,7 6,7 9,7",
        "-1,3 2,-1 4,1 7,2 10,0* 8,5 6,9 5,14; 2,9 6,9 11,8"),
    # 8: in one stroke from the top right, the top left or the middle; two rings; narrow, flat below
    (8, 4, "8,2 5,0 2,2 3,5 6,8 8,11 5,14 2,12 3,9 6,6 8,3 8,1",
        "9,1 5,0 2,2 3,5 6,8 8,11 4,14 1,12 3,8 6,6 8,4 9,3"),
    (8, 3, "8,1 5,0 3,2 4,5 6,8 7,11 5,14 3,12 4,9 6,6 8,3 10,-1",
        "6,1 4,1 3,3 4,5 6,7 8,11 6,14 3,13 4,9 6,7 8,5 11,1"),
    (8, 1, "2,3 5,0 8,3 6,6 2,10 5,14 8,11 5,7 2,3 3,1",
        "1,2 4,0 8,2 6,6 2,11 5,14 9,12 6,8 2,4 3,1"),
    (8, 1, "5,7 2,4 3,1 6,0 8,3 5,7 2,10 4,14 7,13 8,10 5,7",
        "5,6 3,4 3,1 6,0 8,3 5,6 1,9 2,13 7,14 9,10 5,6"),
    (8, 1, "5,0 3,1 2,4 5,7 8,4 7,1 5,0; 5,7 2,9 2,12 5,14 8,12 8,9 5,7",
        "5,0 2,2 3,5 5,6 7,5 8,2 5,0; 5,6 1,9 1,12 5,14 9,12 9,9 5,6"),
    (8, 1, "1,6 4,7 7,5 8,2 5,0 3,2 4,5 7,10 5,14 2,12 3,9 5,7",
        "-1,7 4,7 8,5 8,2 5,0 2,2 4,6 8,11 5,14 2,12 4,8 9,5"),
    (8, 1, "5,7 7,4 7,1 5,0 3,1 3,4 7,9 7,13 5,14 3,13 3,9 6,6",
        "3,7 7,5 9,2 6,0 4,1 4,4 8,9 8,13 5,14 2,13 3,10 5,7"),
    (8, 2, "8,2 5,0 2,2 3,5 5,8 6,12 5,14 4,12 4,9 6,6 9,2",
        "10,1 6,0 3,2 4,5 5,8 5,12 4,14 3,12 4,9 6,6 11,0"),
    # 9: the leg straight, bent or with a long foot; the loop closed, open, flat, tiny or a ring
    (9, 3, "8,3 5,0 2,2 2,6 5,7 8,3* 8,8 8,14", "8,2 5,0 1,3 2,6 5,7 9,2* 8,8 6,14"),
    (9, 3, "8,3 5,0 2,2 2,6 5,7 8,3* 8,8 7,12 4,14 1,13",
        "8,2 4,0 1,3 2,6 6,6 8,2* 9,8 8,13 4,14 -1,12"),
    (9, 2, "8,5 4,7 2,3 5,0 8,3 8,8 7,14", "7,6 2,6 2,1 6,0 9,4 8,9 5,14"),
    (9, 7, "7,1 3,1 2,5 5,7 8,4 8,1* 8,7 7,12 3,14 0,12",
        "8,0 3,0 1,3 4,5 8,4 9,2* 8,8 7,13 2,14 -3,14"),
    (9, 3, "8,1 5,0 2,2 1,5 4,7 7,5 8,1* 8,7 7,14", "9,1 6,0 2,3 1,6 4,7 8,4 10,0* 7,7 4,14"),
    (9, 1, "5,0 2,2 2,5 5,7 8,5 8,2 5,0; 8,2 8,7 8,14",
        "4,0 1,2 1,5 4,7 7,5 7,2 4,0; 8,1 8,7 6,14"),
    (9, 2, "7,1 4,1 4,4 7,4 8,0* 7,5 5,9 4,14", "7,1 3,2 3,4 7,3 9,1* 8,6 6,11 4,14"),
    (9, 5, "7,1 5,0 2,1 3,4 6,4 8,1* 8,7 8,12 5,14 1,14 0,13",
        "6,2 4,0 1,1 2,4 5,5 8,2* 9,8 9,13 4,14 -1,14 -2,12"),
    (9, 3, "8,1 5,0 2,2 3,5 6,5 9,3 9,7 7,12 3,14 0,13",
        "6,2 4,0 1,2 2,4 5,5 8,4 9,8 7,13 3,14 -2,13"),
    (9, 1.5, "7,2 5,0 3,2 4,4 6,4 7,2* 7,7 5,12 0,14", "9,1 6,0 4,1 5,3 7,3 9,1* 8,7 5,12 -2,14"),
    (9, 1.5, "9,2 5,0 0,1 1,4 6,4 9,2* 9,7 6,12 0,14", "10,2 6,1 0,2 3,4 7,4 10,1* 9,8 4,13 -3,14"),
]
# fmt: on

# How much writings differ: standard deviations, lengths in half heights of a digit.
BEYOND = 0.1  # the largest step beyond one of the two ways, as a share of what lies between
WOBBLE = 0.12  # of each point, alike for points that are near along the stroke
WOBBLE_LENGTH = 0.8  # along the stroke: how far apart points are that wobble 60 % alike
LIFT = 0.08  # of a stroke's place, so that strokes miss or cross each other
ENDS = 0.2  # of a stroke's first and last step, which fall short or overshoot
BEND = 0.08  # of how far straight rows and columns bend at the border
WIDTH = 0.22  # of the logarithm of the width
SLANT, SLANT_DEVIATION = 0.15, 0.22  # lean to the right, units across per unit up
TURN = 0.1  # radians
PEN_DEVIATION = 0.3  # of the logarithm of the pen's radius, whose median is strokes.PEN
PEN_RANGE = 0.7, 2.0  # pixels

_MIDDLE, _HALF_HEIGHT = (5, 7), 7
_CHUNK = 64  # images made at once: their points and pixels fit the processor's cache


def generate(count, rng):
    """Return images (count, 784) uint8 and labels (count,) uint8, as many of each digit.

    The same state of `rng`, a numpy.random.Generator, gives the same digits.
    """
    labels = rng.permutation(np.arange(count) % 10).astype(np.uint8)
    images = np.empty((count, strokes.SIDE**2), dtype=np.uint8)
    for digit in range(10):
        shares = np.array([share for d, share, *_ in STYLES if d == digit], dtype=float)
        styles = [_Style(*ways) for d, _, *ways in STYLES if d == digit]
        rows = np.flatnonzero(labels == digit)
        choice = rng.choice(len(styles), size=len(rows), p=shares / shares.sum())
        for i, style in enumerate(styles):
            chosen = rows[choice == i]
            for chunk in np.split(chosen, range(_CHUNK, len(chosen), _CHUNK)):
                radius = strokes.PEN * np.exp(rng.normal(0, PEN_DEVIATION, len(chunk)))
                paths = style.write(len(chunk), rng)
                drawn = strokes.render_paths(paths, np.clip(radius, *PEN_RANGE))
                images[chunk] = drawn.reshape(-1, strokes.SIDE**2)
    return images, labels


class _Style:
    """A style with k points, whose drawings are paths of m points.

    Attributes
    ----------
    ways : (2, k, 2), the points of the two ways, in half heights around the middle
    stroke : (k,), the number of the stroke that each point belongs to
    line : (m, k), the path as weighted sums of the points
    wobble : (k, k), turns independent wobbles into ones that are alike nearby
    ends, beside_ends : the points where strokes begin and end, and their only neighbours
    """

    def __init__(self, *ways):
        words = [(i, word) for i, text in enumerate(ways[0].split(";")) for word in text.split()]
        corner = [word.endswith("*") for _, word in words]
        self.stroke = np.array([i for i, _ in words])
        points = np.array([re.findall(r"([-.\d]+),([-.\d]+)", way) for way in ways], dtype=float)
        self.ways = (points - _MIDDLE) / _HALF_HEIGHT
        steps = np.max(np.hypot(*np.moveaxis(np.diff(self.ways, axis=1), -1, 0)), axis=0)
        self.line = _smooth_line(steps, corner, self.stroke)
        along = np.concatenate([[0], np.cumsum(steps)])
        alike = np.exp(-0.5 * ((along[:, None] - along) / WOBBLE_LENGTH) ** 2)
        alike *= self.stroke[:, None] == self.stroke
        # A little that each point has alone also keeps the matrix positive definite.
        self.wobble = WOBBLE * np.linalg.cholesky(0.9 * alike + 0.1 * np.eye(len(along)))
        first = np.flatnonzero(np.diff(self.stroke, prepend=-1))
        last = np.append(first[1:], len(self.stroke)) - 1
        self.ends, self.beside_ends = np.append(first, last), np.append(first + 1, last - 1)

    def write(self, n, rng):
        """Return the paths (n, m, 2) of n writings."""
        # Drawn for x and y apart, so that two ways make a range of two dimensions.
        between = rng.uniform(-BEYOND, 1 + BEYOND, (n, 1, 2))
        points = self.ways[0] + between * (self.ways[1] - self.ways[0])
        points += self.wobble @ rng.normal(size=points.shape)
        points += rng.normal(0, LIFT, (n, self.stroke[-1] + 1, 2))[:, self.stroke]
        steps = points[:, self.ends] - points[:, self.beside_ends]
        points[:, self.ends] += rng.normal(0, ENDS, (n, len(self.ends), 1)) * steps
        x, y = points[..., :1], points[..., 1:]
        bend = rng.normal(0, BEND, (3, n, 1, 2))
        points = points + bend[0] * x * x + bend[1] * x * y + bend[2] * y * y
        width = np.exp(rng.normal(0, WIDTH, n))
        slant = rng.normal(SLANT, SLANT_DEVIATION, n)
        turn = rng.normal(0, TURN, n)
        cos, sin = np.cos(turn), np.sin(turn)
        shape = np.array([[width, np.zeros(n)], [-slant, np.ones(n)]]).transpose(2, 0, 1)
        return self.line @ (points @ shape @ np.array([[cos, sin], [-sin, cos]]).transpose(2, 0, 1))


def _smooth_line(steps, corner, stroke):
    """Return (m, k): the line's m points as weighted sums of the k points that it passes.

    Between two points the line is a cubic that leaves each in the direction from the point before
    it to the one after it (Catmull & Rom 1974, "A class of local interpolating splines"). At
    corners and ends, where one is missing or does not count, the last step is continued straight.
    """
    unit = np.eye(len(stroke))
    pieces = []
    for i, step in enumerate(steps):
        if stroke[i] != stroke[i + 1]:
            continue
        p1, p2 = unit[i], unit[i + 1]
        smooth_before = i > 0 and stroke[i - 1] == stroke[i] and not corner[i]
        smooth_after = i + 2 < len(stroke) and stroke[i + 2] == stroke[i] and not corner[i + 1]
        p0 = unit[i - 1] if smooth_before else 2 * p1 - p2
        p3 = unit[i + 2] if smooth_after else 2 * p2 - p1
        # Two half heights are 20 pixels at most, and render_paths asks for half a pixel.
        t = np.linspace(0, 1, 2 + int(step / 2 * strokes.BOX / 0.4))[:, None]
        pieces.append(
            p1
            + t / 2 * (p2 - p0)
            + t**2 / 2 * (2 * p0 - 5 * p1 + 4 * p2 - p3)
            + t**3 / 2 * (3 * p1 - p0 - 3 * p2 + p3)
        )
    return np.concatenate(pieces)
