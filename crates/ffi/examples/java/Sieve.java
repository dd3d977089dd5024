import java.lang.ref.Cleaner;

/**
 * Criteria ready to run. Threads may share it, each with a {@link Scratch} of its own.
 *
 * <p>The native methods are in eventsieve_jni.c. A batch goes over as one array of bytes and the offsets of its records:
 * one call a batch, and no object for each record.
 */
public final class Sieve implements AutoCloseable {
    static {
        System.loadLibrary("eventsieve_jni");
    }

    /** Sources, as eventsieve.h numbers them. */
    public static final int RAW = 0, SQS = 1, KINESIS = 2, DYNAMODB = 3, MSK = 4, KAFKA = 5;

    /** Which records are proved to be JSON. */
    public static final int CHECK_MATCHES = 0, CHECK_EVERY = 1;

    /** Verdicts. */
    public static final byte NO_MATCH = 0, MATCH = 1, MALFORMED = 2;

    private static final Cleaner CLEANER = Cleaner.create();

    private final long handle;
    private final Cleaner.Cleanable cleanable;

    /**
     * Compiles criteria.
     *
     * @throws IllegalArgumentException with everything that is wrong with them
     */
    public Sieve(byte[] criteria, int source, int checks) {
        long handle = compile(criteria, source, checks);
        this.handle = handle;
        this.cleanable = CLEANER.register(this, () -> freeSieve(handle));
    }

    /** Makes memory for one thread. */
    public Scratch scratch() {
        try {
            return new Scratch(newScratch(handle));
        } finally {
            java.lang.ref.Reference.reachabilityFence(this);
        }
    }

    /**
     * Sets a verdict for each record; record i is the bytes of data from offsets[i] up to offsets[i + 1].
     *
     * @return how many records match
     */
    public int evaluate(Scratch scratch, byte[] data, int[] offsets, byte[] verdicts) {
        try {
            return evaluate(handle, scratch.handle, data, offsets, verdicts);
        } finally {
            java.lang.ref.Reference.reachabilityFence(this);
            java.lang.ref.Reference.reachabilityFence(scratch);
        }
    }

    /** Frees it; nobody may be using it. The collector would, sooner or later. */
    @Override
    public void close() {
        cleanable.clean();
    }

    /** The memory one thread evaluates with. */
    public static final class Scratch implements AutoCloseable {
        private final long handle;
        private final Cleaner.Cleanable cleanable;

        private Scratch(long handle) {
            this.handle = handle;
            this.cleanable = CLEANER.register(this, () -> freeScratch(handle));
        }

        @Override
        public void close() {
            cleanable.clean();
        }
    }

    private static native long compile(byte[] criteria, int source, int checks);

    private static native long newScratch(long sieve);

    private static native int evaluate(long sieve, long scratch, byte[] data, int[] offsets, byte[] verdicts);

    private static native void freeSieve(long sieve);

    private static native void freeScratch(long scratch);
}
