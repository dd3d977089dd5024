import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;

/** Filters a batch of records in Java. How to compile and start it: run.sh. */
public final class Filter {
    public static void main(String[] args) throws Exception {
        Path folder = Path.of(args.length > 0 ? args[0] : "../batch");
        byte[] data = Files.readAllBytes(folder.resolve("records.ndjson"));
        int[] offsets = lines(data);
        byte[] verdicts = new byte[offsets.length - 1];

        try (Sieve sieve = new Sieve(Files.readAllBytes(folder.resolve("criteria.json")), Sieve.RAW, Sieve.CHECK_EVERY);
                Sieve.Scratch scratch = sieve.scratch()) {
            int matched = sieve.evaluate(scratch, data, offsets, verdicts);
            System.out.println("java: " + matched + " of " + verdicts.length + " records match");
        }

        StringBuilder found = new StringBuilder();
        for (byte verdict : verdicts) {
            found.append(verdict).append('\n');
        }
        if (!found.toString().equals(Files.readString(folder.resolve("verdicts.txt")))) {
            System.err.println("other verdicts were expected");
            System.exit(1);
        }

        // A mistake in the criteria says where it is.
        try {
            new Sieve("{\"city\": [{\"begins-with\": \"Gh\"}]}".getBytes(StandardCharsets.UTF_8), Sieve.RAW, 0).close();
            System.err.println("a mistake in the criteria was not told");
            System.exit(1);
        } catch (IllegalArgumentException error) {
            if (!error.getMessage().contains("begins-with")) {
                throw error;
            }
        }
    }

    /** Where lines begin, and the end; a line ending is white space to JSON. */
    private static int[] lines(byte[] data) {
        int[] offsets = new int[data.length + 1];
        int len = 1;
        for (int at = 0; at < data.length; at++) {
            if (data[at] == '\n' || at + 1 == data.length) {
                offsets[len++] = at + 1;
            }
        }
        return Arrays.copyOf(offsets, len);
    }
}
