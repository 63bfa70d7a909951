// Segments one picture over HTTP: prints its instances, saves the drawn picture as out.jpg.

#include <httplib.h>

#include <array>
#include <cstdint>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>

namespace {

const std::string kDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// Moves bits from digits of one width to digits of another; base64 is 8 to 6 and back.
std::string regroup(const std::string& digits, int from, int to, bool pad) {
    std::string out;
    std::uint32_t bits = 0;
    int count = 0;
    for (unsigned char digit : digits) {
        bits = bits << from | digit;
        for (count += from; count >= to; count -= to)
            out += static_cast<char>(bits >> (count - to) & ((1u << to) - 1));
    }
    if (pad && count > 0) out += static_cast<char>(bits << (to - count) & ((1u << to) - 1));
    return out;
}

std::string encode(const std::string& bytes) {
    std::string text = regroup(bytes, 8, 6, true);
    for (char& digit : text) digit = kDigits[static_cast<unsigned char>(digit)];
    return text.append((4 - text.size() % 4) % 4, '=');
}

std::string decode(std::string text) {
    text.erase(text.find_last_not_of('=') + 1);
    for (char& digit : text) digit = static_cast<char>(kDigits.find(digit));
    return regroup(text, 6, 8, false);
}

void run(int argc, char** argv) {
    if (argc < 2) throw std::runtime_error("usage: client IMAGE [URL] [THRESHOLD] [MODEL]");
    const std::string url = argc > 2 ? argv[2] : "http://localhost:7860/instance-segmentation";
    std::ifstream file(argv[1], std::ios::binary);
    if (!file) throw std::runtime_error(std::string(argv[1]) + " cannot be read.");
    const std::string image(std::istreambuf_iterator<char>(file), {});
    nlohmann::json body = {{"image", encode(image)}, {"visualize", true}};
    if (argc > 3) body["threshold"] = std::stod(argv[3]);
    if (argc > 4) body["model"] = argv[4];

    const auto path = url.find('/', url.find("://") + 3);
    httplib::Client http(url.substr(0, path));
    http.set_read_timeout(300);  // a model's first request loads it
    const auto response = http.Post(url.substr(path), body.dump(), "application/json");
    if (!response) throw std::runtime_error(httplib::to_string(response.error()));
    const auto answer = nlohmann::json::parse(response->body);
    if (response->status != 200) throw std::runtime_error(answer.at("errorMsg"));

    const auto& result = answer.at("result");
    std::ofstream("out.jpg", std::ios::binary) << decode(result.at("image"));
    for (const auto& instance : result.at("instances")) {
        const std::string name = instance.at("categoryName");
        const std::array<double, 4> box = instance.at("bbox");
        std::printf("%s %.3f [%.1f, %.1f, %.1f, %.1f]\n", name.c_str(),
                    instance.at("score").get<double>(), box[0], box[1], box[2], box[3]);
    }
}

}  // namespace

int main(int argc, char** argv) {
    try {
        run(argc, argv);
    } catch (const std::exception& error) {
        std::fprintf(stderr, "%s\n", error.what());
        return 1;
    }
}
