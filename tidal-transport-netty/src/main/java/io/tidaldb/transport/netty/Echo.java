package io.tidaldb.transport.netty;

/** Text from outside, as it may stand in a log line or a message: bounded, in quotes, nothing in it but printable characters. */
final class Echo {

    private static final int MAX = 200;

    private Echo() {}

    static String of(String text) {
        return '"' + plain(text) + '"';
    }

    /** The same without quotes, for text that a library of ours made, with parts from outside in it. */
    static String plain(String text) {
        StringBuilder safe = new StringBuilder();
        text.codePoints().limit(MAX).forEach(c -> safe.appendCodePoint(isPrintable(c) ? c : '?'));
        return safe.append(text.codePointCount(0, text.length()) > MAX ? "…" : "")
                .toString();
    }

    // Controls and line ends forge log lines, formats turn the direction of text, surrogates are no characters.
    private static boolean isPrintable(int c) {
        return switch (Character.getType(c)) {
            case Character.CONTROL,
                    Character.FORMAT,
                    Character.LINE_SEPARATOR,
                    Character.PARAGRAPH_SEPARATOR,
                    Character.SURROGATE,
                    Character.UNASSIGNED -> false;
            default -> true;
        };
    }
}
