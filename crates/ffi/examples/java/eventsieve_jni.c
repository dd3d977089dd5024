/* The native methods of Sieve.java. Handles travel as longs; what fails is thrown. */
#include <eventsieve.h>
#include <jni.h>
#include <stdlib.h>
#include <string.h>

static void throw_text(JNIEnv *env, const char *class_name, const char *text) {
    jclass class = (*env)->FindClass(env, class_name);
    if (class != NULL) {
        (*env)->ThrowNew(env, class, text);
    }
}

static void throw_status(JNIEnv *env, eventsieve_status status) {
    char text[256] = "";
    eventsieve_slice slice = { NULL, 0 };
    eventsieve_status_text(status, &slice);
    memcpy(text, slice.data, slice.len < sizeof text ? slice.len : sizeof text - 1);
    throw_text(env, "java/lang/IllegalStateException", text);
}

static void throw_errors(JNIEnv *env, const eventsieve_errors *errors) {
    size_t needed = 0;
    char *text;
    eventsieve_errors_draw(errors, EVENTSIEVE_ALL, NULL, 0, NULL, 0, &needed);
    text = malloc(needed + 1);
    if (text != NULL) {
        eventsieve_errors_draw(errors, EVENTSIEVE_ALL, NULL, 0, (uint8_t *)text, needed, &needed);
        text[needed] = '\0';
        throw_text(env, "java/lang/IllegalArgumentException", text);
        free(text);
    }
}

JNIEXPORT jlong JNICALL Java_Sieve_compile(JNIEnv *env, jclass class, jbyteArray criteria, jint source, jint checks) {
    eventsieve_compile_options options = EVENTSIEVE_COMPILE_OPTIONS_INIT;
    eventsieve_sieve *sieve = NULL;
    eventsieve_errors *errors = NULL;
    eventsieve_status status;
    jbyte *text = (*env)->GetByteArrayElements(env, criteria, NULL);
    (void)class;
    if (text == NULL) {
        return 0;
    }
    options.source = (uint32_t)source;
    options.checks = (uint32_t)checks;
    status = eventsieve_sieve_compile((const uint8_t *)text, (size_t)(*env)->GetArrayLength(env, criteria), &options,
                                      &sieve, &errors);
    (*env)->ReleaseByteArrayElements(env, criteria, text, JNI_ABORT);
    if (errors != NULL) {
        throw_errors(env, errors);
        eventsieve_errors_free(errors);
    } else if (status != EVENTSIEVE_STATUS_OK) {
        throw_status(env, status);
    }
    return (jlong)(intptr_t)sieve;
}

JNIEXPORT jlong JNICALL Java_Sieve_newScratch(JNIEnv *env, jclass class, jlong sieve) {
    eventsieve_scratch *scratch = NULL;
    eventsieve_status status = eventsieve_scratch_new((const eventsieve_sieve *)(intptr_t)sieve, &scratch);
    (void)class;
    if (status != EVENTSIEVE_STATUS_OK) {
        throw_status(env, status);
    }
    return (jlong)(intptr_t)scratch;
}

JNIEXPORT jint JNICALL Java_Sieve_evaluate(JNIEnv *env, jclass class, jlong sieve, jlong scratch, jbyteArray data,
                                           jintArray offsets, jbyteArray verdicts) {
    eventsieve_answers answers = EVENTSIEVE_ANSWERS_INIT;
    eventsieve_status status = EVENTSIEVE_STATUS_OK;
    size_t data_len = (size_t)(*env)->GetArrayLength(env, data);
    size_t offsets_len = (size_t)(*env)->GetArrayLength(env, offsets);
    uint8_t *data_at, *verdicts_at;
    int32_t *offsets_at;
    (void)class;
    answers.verdicts_len = (size_t)(*env)->GetArrayLength(env, verdicts);
    /* Without a copy. The collector may have to wait meanwhile, so a batch should be a matter of milliseconds. */
    data_at = (*env)->GetPrimitiveArrayCritical(env, data, NULL);
    offsets_at = data_at == NULL ? NULL : (*env)->GetPrimitiveArrayCritical(env, offsets, NULL);
    verdicts_at = offsets_at == NULL ? NULL : (*env)->GetPrimitiveArrayCritical(env, verdicts, NULL);
    if (verdicts_at != NULL) {
        answers.verdicts = verdicts_at;
        status = eventsieve_sieve_evaluate_offsets32((const eventsieve_sieve *)(intptr_t)sieve,
                                                     (eventsieve_scratch *)(intptr_t)scratch, data_at, data_len,
                                                     offsets_at, offsets_len, &answers);
        (*env)->ReleasePrimitiveArrayCritical(env, verdicts, verdicts_at, 0);
    }
    if (offsets_at != NULL) {
        (*env)->ReleasePrimitiveArrayCritical(env, offsets, offsets_at, JNI_ABORT);
    }
    if (data_at != NULL) {
        (*env)->ReleasePrimitiveArrayCritical(env, data, data_at, JNI_ABORT);
    }
    if (status != EVENTSIEVE_STATUS_OK) {
        throw_status(env, status);
    }
    return (jint)answers.matched_len;
}

JNIEXPORT void JNICALL Java_Sieve_freeSieve(JNIEnv *env, jclass class, jlong sieve) {
    (void)env;
    (void)class;
    eventsieve_sieve_free((eventsieve_sieve *)(intptr_t)sieve);
}

JNIEXPORT void JNICALL Java_Sieve_freeScratch(JNIEnv *env, jclass class, jlong scratch) {
    (void)env;
    (void)class;
    eventsieve_scratch_free((eventsieve_scratch *)(intptr_t)scratch);
}
