// The C++ wrapper: what is moved, what is thrown, what comes back.
#include <eventsieve.hpp>

#include <cstdio>
#include <type_traits>

using namespace eventsieve;

static_assert(std::is_nothrow_move_constructible_v<Sieve> && !std::is_copy_constructible_v<Sieve>);
static_assert(std::is_nothrow_move_assignable_v<Program> && !std::is_copy_assignable_v<Program>);
static_assert(std::is_move_constructible_v<Scratch> && !std::is_default_constructible_v<Scratch>);

static int failures = 0;

#define CHECK(condition)                                                                                               \
    do {                                                                                                               \
        if (!(condition)) {                                                                                            \
            std::fprintf(stderr, "line %d: %s does not hold\n", __LINE__, #condition);                                 \
            failures++;                                                                                                \
        }                                                                                                              \
    } while (0)

template <typename F> static eventsieve_status thrown(F &&call) {
    try {
        call();
    } catch (const Error &error) {
        CHECK(error.what()[0] != '\0');
        return error.status();
    }
    return EVENTSIEVE_STATUS_OK;
}

int main() {
    Sieve::Options options;
    options.source = EVENTSIEVE_SOURCE_SQS;
    Sieve sieve = Sieve::compile(R"([{"body": {"n": [1]}}, {"messageId": ["x"]}])", options);
    CHECK(sieve.filter_len() == 2);
    CHECK(sieve.warnings().at(0).code == "metadata-filter" && sieve.warnings()[0].is_warning);
    CHECK(sieve.warnings()[0].filter == 1);

    // Through a program, moved about.
    Program program = sieve.program();
    Program moved = std::move(program);
    program = std::move(moved);
    CHECK(program.bytes().size() > 64 && program.disasm().find("sqs") != std::string::npos);
    Sieve copied = Sieve::from_program(Program::from_bytes(program.bytes()), EVENTSIEVE_CHECKS_EVERY);
    Sieve mapped = Sieve::from_program(Program::from_borrowed_bytes(program.bytes()));
    Scratch scratch = copied.scratch();

    std::vector<std::uint8_t> verdicts;
    CHECK(copied.evaluate(scratch, {R"({"body": "{\"n\": 1}"})", R"({"body": "n"})", "{", ""}, verdicts) == 1);
    CHECK((verdicts == std::vector<std::uint8_t>{1, 0, 2, 2}));
    CHECK(mapped.evaluate(scratch, R"({"messageId": "x"}{})", {0, 18, 20}, verdicts) == 1);
    CHECK((verdicts == std::vector<std::uint8_t>{1, 0}));
    CHECK(copied.evaluate(scratch, std::vector<std::string_view>(), verdicts) == 0 && verdicts.empty());

    const std::string one = R"({"body": "{\"n\": 1}", "eventSource": "aws:sqs"})", two = R"({"body": "z"})";
    CHECK(copied.filter_envelope(scratch, R"({"Records": [)" + one + "," + two + "]}") ==
          R"({"Records": [)" + one + "]}");
    CHECK(copied.filter_envelope(scratch, R"({"Records": [)" + one + "]}") == R"({"Records": [)" + one + "]}");
    CHECK(copied.filter_envelope(scratch, R"({"Records": [)" + two + "]}") == std::nullopt);

    CHECK(thrown([&] { copied.filter_envelope(scratch, "{}"); }) == EVENTSIEVE_STATUS_INVALID_ENVELOPE);
    CHECK(thrown([&] { Program::from_bytes("no program"); }) == EVENTSIEVE_STATUS_INVALID_PROGRAM);
    CHECK(thrown([&] { Program::from_borrowed_bytes(""); }) == EVENTSIEVE_STATUS_INVALID_PROGRAM);
    CHECK(thrown([&] { mapped.evaluate(scratch, "{}", {0, 3}, verdicts); }) == EVENTSIEVE_STATUS_INVALID_OFFSETS);
    Scratch foreign = Sieve::compile("{}", Sieve::Options()).scratch();
    CHECK(thrown([&] { mapped.evaluate(foreign, {"{}"}, verdicts); }) == EVENTSIEVE_STATUS_FOREIGN_SCRATCH);
    options.strict = true;
    try {
        Sieve::compile(R"([{"body": {"n": [{"pre": 1}]}}, {"messageId": ["x"]}])", options);
        CHECK(false);
    } catch (const DetailedError &error) {
        CHECK(error.status() == EVENTSIEVE_STATUS_INVALID_CRITERIA && error.diagnostics().size() == 2);
        const Diagnostic &second = error.diagnostics().at(1);
        CHECK(second.span && second.criteria_span && !second.drawn.empty());
        CHECK(std::string(error.what()).find(second.drawn) != std::string::npos);
    }
    return failures == 0 ? 0 : 1;
}
