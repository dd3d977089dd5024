// eventsieve for C++17: the C library behind types that own what they hold.
//
// Everything is moved, not copied; a moved-from object may only be assigned to or destroyed. What fails throws an
// `Error`, and a `DetailedError`, with all that is wrong, where there is more to say than a status. For what any function
// does, see `eventsieve.h`; `handle()` gives the C handle of an object, which the object goes on owning.
#ifndef EVENTSIEVE_HPP
#define EVENTSIEVE_HPP

#include "eventsieve.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace eventsieve {

/// A call that failed.
class Error : public std::runtime_error {
public:
    explicit Error(eventsieve_status status) : Error(status, text_of(status)) {}
    Error(eventsieve_status status, const std::string &message) : std::runtime_error(message), status_(status) {}

    eventsieve_status status() const noexcept { return status_; }

private:
    static std::string text_of(eventsieve_status status) {
        eventsieve_slice text{nullptr, 0};
        eventsieve_status_text(status, &text);
        return std::string(reinterpret_cast<const char *>(text.data), text.len);
    }

    eventsieve_status status_;
};

/// One thing that is wrong, or doubtful.
struct Diagnostic {
    std::string message;
    std::string code;
    std::string help;         ///< Empty if there is none.
    std::string aws_message;  ///< Empty unless criteria are at fault.
    std::string drawn;        ///< What, where, and what to do, for people.
    bool is_warning = false;
    std::optional<std::size_t> filter;
    std::optional<std::pair<std::size_t, std::size_t>> span;           ///< In the filter's pattern.
    std::optional<std::pair<std::size_t, std::size_t>> criteria_span;  ///< In the text of the criteria.
};

/// Criteria that do not compile, or bytes that are no program or no envelope.
class DetailedError : public Error {
public:
    DetailedError(eventsieve_status status, std::vector<Diagnostic> diagnostics)
        : Error(status, drawn(diagnostics)), diagnostics_(std::move(diagnostics)) {}

    /// All that is wrong; the first is what the service would report.
    const std::vector<Diagnostic> &diagnostics() const noexcept { return diagnostics_; }

private:
    static std::string drawn(const std::vector<Diagnostic> &diagnostics) {
        std::string all;
        for (const Diagnostic &diagnostic : diagnostics) {
            all += (all.empty() ? "" : "\n") + diagnostic.drawn;
        }
        return all;
    }

    std::vector<Diagnostic> diagnostics_;
};

namespace detail {

inline void expect_ok(eventsieve_status status) {
    if (status != EVENTSIEVE_STATUS_OK) {
        throw Error(status);
    }
}

inline const std::uint8_t *bytes(std::string_view text) noexcept {
    return reinterpret_cast<const std::uint8_t *>(text.data());
}

inline std::string string(eventsieve_slice slice) {
    return slice.len == 0 ? std::string() : std::string(reinterpret_cast<const char *>(slice.data), slice.len);
}

/// A handle that frees itself.
template <typename H, void (*Free)(H *)> class Owned {
public:
    Owned() noexcept = default;
    explicit Owned(H *handle) noexcept : handle_(handle) {}
    Owned(Owned &&other) noexcept : handle_(std::exchange(other.handle_, nullptr)) {}
    Owned &operator=(Owned &&other) noexcept {
        if (this != &other) {
            Free(std::exchange(handle_, std::exchange(other.handle_, nullptr)));
        }
        return *this;
    }
    Owned(const Owned &) = delete;
    Owned &operator=(const Owned &) = delete;
    ~Owned() { Free(handle_); }

    H *get() const noexcept { return handle_; }
    /// For a call that sets it.
    H **out() noexcept { return &handle_; }

private:
    H *handle_ = nullptr;
};

using OwnedErrors = Owned<eventsieve_errors, eventsieve_errors_free>;

inline std::vector<Diagnostic> diagnostics(const eventsieve_errors *errors) {
    std::size_t len = 0;
    expect_ok(eventsieve_errors_len(errors, &len));
    std::vector<Diagnostic> all;
    all.reserve(len);
    for (std::size_t index = 0; index < len; index++) {
        eventsieve_error error = EVENTSIEVE_ERROR_INIT;
        expect_ok(eventsieve_errors_get(errors, index, &error));
        Diagnostic diagnostic;
        diagnostic.message = string(error.message);
        diagnostic.code = string(error.code);
        diagnostic.help = string(error.help);
        diagnostic.aws_message = string(error.aws_message);
        diagnostic.is_warning = error.severity == EVENTSIEVE_SEVERITY_WARNING;
        if (error.filter != EVENTSIEVE_NONE) {
            diagnostic.filter = error.filter;
        }
        if (error.span_start != EVENTSIEVE_NONE) {
            diagnostic.span = std::make_pair(error.span_start, error.span_end);
        }
        if (error.criteria_start != EVENTSIEVE_NONE) {
            diagnostic.criteria_span = std::make_pair(error.criteria_start, error.criteria_end);
        }
        std::size_t needed = 0;
        eventsieve_errors_draw(errors, index, nullptr, 0, nullptr, 0, &needed);
        diagnostic.drawn.resize(needed);
        expect_ok(eventsieve_errors_draw(errors, index, nullptr, 0,
                                         reinterpret_cast<std::uint8_t *>(diagnostic.drawn.data()), needed, &needed));
        all.push_back(std::move(diagnostic));
    }
    return all;
}

inline void expect_ok(eventsieve_status status, const OwnedErrors &errors) {
    if (status != EVENTSIEVE_STATUS_OK && errors.get() != nullptr) {
        throw DetailedError(status, diagnostics(errors.get()));
    }
    expect_ok(status);
}

}  // namespace detail

/// A compiled program: bytes to store or ship.
class Program {
public:
    /// Verifies bytes and copies them.
    static Program from_bytes(std::string_view bytes) {
        Program program;
        detail::OwnedErrors errors;
        detail::expect_ok(eventsieve_program_from_bytes(detail::bytes(bytes), bytes.size(), program.handle_.out(),
                                                        errors.out()),
                          errors);
        return program;
    }

    /// Verifies bytes that must outlive the program and all that is made from it, unchanged: those of a mapped file.
    static Program from_borrowed_bytes(std::string_view bytes) {
        Program program;
        detail::OwnedErrors errors;
        detail::expect_ok(eventsieve_program_from_borrowed_bytes(detail::bytes(bytes), bytes.size(),
                                                                 program.handle_.out(), errors.out()),
                          errors);
        return program;
    }

    /// A view into the program.
    std::string_view bytes() const {
        eventsieve_slice bytes{nullptr, 0};
        detail::expect_ok(eventsieve_program_bytes(handle_.get(), &bytes));
        return {reinterpret_cast<const char *>(bytes.data), bytes.len};
    }

    /// A listing for people.
    std::string disasm() const {
        std::size_t needed = 0;
        eventsieve_program_disasm(handle_.get(), nullptr, 0, &needed);
        std::string text(needed, '\0');
        detail::expect_ok(
            eventsieve_program_disasm(handle_.get(), reinterpret_cast<std::uint8_t *>(text.data()), needed, &needed));
        return text;
    }

    const eventsieve_program *handle() const noexcept { return handle_.get(); }

private:
    friend class Sieve;
    Program() = default;
    detail::Owned<eventsieve_program, eventsieve_program_free> handle_;
};

class Sieve;

/// The memory one thread evaluates with.
class Scratch {
public:
    eventsieve_scratch *handle() noexcept { return handle_.get(); }

private:
    friend class Sieve;
    Scratch() = default;
    detail::Owned<eventsieve_scratch, eventsieve_scratch_free> handle_;
    // Kept from batch to batch.
    std::vector<eventsieve_slice> slices_;
};

/// Criteria ready to run. Threads may share a `const Sieve`, each with a scratch of its own.
class Sieve {
public:
    struct Options {
        eventsieve_source source = EVENTSIEVE_SOURCE_RAW;
        eventsieve_dialect dialect = EVENTSIEVE_DIALECT_DEFAULT;
        eventsieve_checks checks = EVENTSIEVE_CHECKS_MATCHES;
        bool strict = false;
        std::uint32_t complexity_limit = 0;
    };

    /// Throws `DetailedError` if the criteria do not compile.
    static Sieve compile(std::string_view criteria, const Options &options) {
        eventsieve_compile_options given = EVENTSIEVE_COMPILE_OPTIONS_INIT;
        given.source = options.source;
        given.dialect = options.dialect;
        given.checks = options.checks;
        given.strict = options.strict ? 1 : 0;
        given.complexity_limit = options.complexity_limit;
        Sieve sieve;
        detail::OwnedErrors errors;
        detail::expect_ok(eventsieve_sieve_compile(detail::bytes(criteria), criteria.size(), &given,
                                                   sieve.handle_.out(), errors.out()),
                          errors);
        return sieve;
    }

    static Sieve from_program(const Program &program, eventsieve_checks checks = EVENTSIEVE_CHECKS_MATCHES) {
        eventsieve_run_options options = EVENTSIEVE_RUN_OPTIONS_INIT;
        options.checks = checks;
        Sieve sieve;
        detail::expect_ok(eventsieve_sieve_from_program(program.handle(), &options, sieve.handle_.out()));
        return sieve;
    }

    Program program() const {
        Program program;
        detail::expect_ok(eventsieve_sieve_program(handle_.get(), program.handle_.out()));
        return program;
    }

    std::vector<Diagnostic> warnings() const {
        detail::OwnedErrors warnings;
        detail::expect_ok(eventsieve_sieve_warnings(handle_.get(), warnings.out()));
        return detail::diagnostics(warnings.get());
    }

    std::size_t filter_len() const {
        std::size_t filter_len = 0;
        detail::expect_ok(eventsieve_sieve_filter_len(handle_.get(), &filter_len));
        return filter_len;
    }

    Scratch scratch() const {
        Scratch scratch;
        detail::expect_ok(eventsieve_scratch_new(handle_.get(), scratch.handle_.out()));
        return scratch;
    }

    /// An `eventsieve_verdict` a record, in `verdicts`, which keeps its allocation. Returns how many match.
    std::size_t evaluate(Scratch &scratch, const std::vector<std::string_view> &records,
                         std::vector<std::uint8_t> &verdicts) const {
        scratch.slices_.clear();
        scratch.slices_.reserve(records.size());
        for (std::string_view record : records) {
            scratch.slices_.push_back({detail::bytes(record), record.size()});
        }
        eventsieve_answers answers = into(verdicts, records.size());
        detail::expect_ok(eventsieve_sieve_evaluate_slices(handle_.get(), scratch.handle(), scratch.slices_.data(),
                                                           records.size(), &answers));
        return answers.matched_len;
    }

    /// The same for records that lie one behind the other in `data`: from `offsets[i]` up to `offsets[i + 1]`. Faster.
    std::size_t evaluate(Scratch &scratch, std::string_view data, const std::vector<std::size_t> &offsets,
                         std::vector<std::uint8_t> &verdicts) const {
        eventsieve_answers answers = into(verdicts, offsets.empty() ? 0 : offsets.size() - 1);
        detail::expect_ok(eventsieve_sieve_evaluate_offsets(handle_.get(), scratch.handle(), detail::bytes(data),
                                                            data.size(), offsets.data(), offsets.size(), &answers));
        return answers.matched_len;
    }

    /// The event with the records that match; nothing if none is left. Throws `DetailedError` if it is no envelope.
    std::optional<std::string> filter_envelope(Scratch &scratch, std::string_view event) const {
        std::string left(event.size(), '\0');
        std::size_t needed = 0;
        std::uint32_t kept = 0;
        detail::OwnedErrors errors;
        detail::expect_ok(eventsieve_sieve_filter_envelope(handle_.get(), scratch.handle(), detail::bytes(event),
                                                           event.size(), reinterpret_cast<std::uint8_t *>(left.data()),
                                                           left.size(), &needed, &kept, errors.out()),
                          errors);
        if (kept == EVENTSIEVE_KEPT_NOTHING) {
            return std::nullopt;
        }
        if (kept == EVENTSIEVE_KEPT_EVERYTHING) {
            return std::string(event);
        }
        left.resize(needed);
        return left;
    }

    const eventsieve_sieve *handle() const noexcept { return handle_.get(); }

private:
    Sieve() = default;

    static eventsieve_answers into(std::vector<std::uint8_t> &verdicts, std::size_t record_len) {
        verdicts.resize(record_len);
        eventsieve_answers answers = EVENTSIEVE_ANSWERS_INIT;
        answers.verdicts = verdicts.data();
        answers.verdicts_len = verdicts.size();
        return answers;
    }

    detail::Owned<eventsieve_sieve, eventsieve_sieve_free> handle_;
};

}  // namespace eventsieve

#endif
