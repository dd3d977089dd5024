// Filters a batch of records in C++17.
//
//     c++ -std=c++17 filter.cpp $(pkg-config --cflags --libs eventsieve) -o filter && ./filter ../batch

#include <eventsieve.hpp>

#include <fstream>
#include <iostream>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

static std::string read(const std::string &path) {
    std::ifstream file(path, std::ios::binary);
    if (!file) {
        throw std::runtime_error("cannot read " + path);
    }
    return std::string(std::istreambuf_iterator<char>(file), {});
}

static std::vector<std::string_view> lines(std::string_view text) {
    std::vector<std::string_view> lines;
    while (!text.empty()) {
        std::size_t end = text.find('\n');
        lines.push_back(text.substr(0, end));
        text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    }
    return lines;
}

int main(int argc, char **argv) try {
    const std::string folder = argc > 1 ? argv[1] : "../batch";
    const std::string records = read(folder + "/records.ndjson");

    eventsieve::Sieve::Options options;
    options.checks = EVENTSIEVE_CHECKS_EVERY;
    const auto sieve = eventsieve::Sieve::compile(read(folder + "/criteria.json"), options);
    auto scratch = sieve.scratch();  // one a thread, used again for every batch
    std::vector<std::uint8_t> verdicts;
    const auto batch = lines(records);
    const std::size_t matched = sieve.evaluate(scratch, batch, verdicts);

    std::string found;
    for (std::uint8_t verdict : verdicts) {
        found += static_cast<char>('0' + verdict);
        found += '\n';
    }
    bool agrees = found == read(folder + "/verdicts.txt");
    std::cout << "cpp: " << matched << " of " << batch.size() << " records match"
              << (agrees ? "" : "; that is not expected") << "\n";

    // A mistake in the criteria says where it is.
    try {
        eventsieve::Sieve::compile(R"({"city": [{"begins-with": "Gh"}]})", options);
        agrees = false;
    } catch (const eventsieve::DetailedError &error) {
        agrees = agrees && error.diagnostics().at(0).code == "unknown-operator";
    }
    return agrees ? 0 : 1;
} catch (const std::exception &error) {
    std::cerr << error.what() << "\n";
    return 1;
}
