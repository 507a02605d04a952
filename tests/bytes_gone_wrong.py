"""Damaged files for the property tests of readers."""

from hypothesis import strategies as st


def mutations_of(*originals):
    """Bytes that are one of the originals but for a few changes, cuts and insertions."""

    @st.composite
    def mutated(draw):
        content = bytearray(draw(st.sampled_from(originals)))
        for _ in range(draw(st.integers(1, 4))):
            at = draw(st.integers(0, len(content)))
            until = min(len(content), at + draw(st.sampled_from([0, 1, 1, 1, 4, 1000])))
            content[at:until] = draw(st.binary(max_size=8))
        return bytes(content)

    return mutated()
