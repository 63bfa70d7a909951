<?php

// Segments one picture over HTTP: prints its instances, saves the drawn picture as out.jpg.

declare(strict_types=1);

const USAGE = 'usage: php client.php IMAGE [URL] [THRESHOLD] [MODEL]';
const URL = 'http://localhost:7860/instance-segmentation';
const SECONDS = 300; // a model's first request loads it

function fail(string $sentence): never
{
    fwrite(STDERR, $sentence . PHP_EOL);
    exit(1);
}

$image = $argv[1] ?? fail(USAGE);
$file = @file_get_contents($image);
if ($file === false) {
    fail("$image cannot be read.");
}
$body = ['image' => base64_encode($file), 'visualize' => true];
if (isset($argv[3])) {
    $body['threshold'] = (float) $argv[3];
}
if (isset($argv[4])) {
    $body['model'] = $argv[4];
}

$request = curl_init($argv[2] ?? URL);
curl_setopt_array($request, [
    CURLOPT_POSTFIELDS => json_encode($body, JSON_THROW_ON_ERROR),
    CURLOPT_HTTPHEADER => ['Content-Type: application/json'],
    CURLOPT_RETURNTRANSFER => true,
    CURLOPT_TIMEOUT => SECONDS,
]);
$text = curl_exec($request);
if ($text === false) {
    fail(curl_error($request));
}
$answer = json_decode($text, true, flags: JSON_THROW_ON_ERROR);
if (curl_getinfo($request, CURLINFO_RESPONSE_CODE) !== 200) {
    fail($answer['errorMsg']);
}

file_put_contents('out.jpg', base64_decode($answer['result']['image']));
foreach ($answer['result']['instances'] as $instance) {
    ['categoryName' => $name, 'score' => $score, 'bbox' => $box] = $instance;
    vprintf("%s %.3F [%.1F, %.1F, %.1F, %.1F]\n", [$name, $score, ...$box]);
}
