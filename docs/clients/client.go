// Segments one picture over HTTP: prints its instances, saves the drawn picture as out.jpg.
package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log"
	"net/http"
	"os"
	"strconv"
	"time"
)

// A slice of bytes is base64 in JSON.
type question struct {
	Image     []byte   `json:"image"`
	Visualize bool     `json:"visualize"`
	Threshold *float64 `json:"threshold,omitempty"`
	Model     string   `json:"model,omitempty"`
}

type answer struct {
	ErrorMsg string
	Result   struct {
		Image     []byte
		Instances []struct {
			CategoryName string
			Score        float64
			BBox         [4]float64
		}
	}
}

func main() {
	log.SetFlags(0)
	if len(os.Args) < 2 {
		log.Fatal("usage: go run client.go IMAGE [URL] [THRESHOLD] [MODEL]")
	}
	image, err := os.ReadFile(os.Args[1])
	check(err)
	url, body := "http://localhost:7860/instance-segmentation", question{Image: image, Visualize: true}
	if len(os.Args) > 2 {
		url = os.Args[2]
	}
	if len(os.Args) > 3 {
		threshold, err := strconv.ParseFloat(os.Args[3], 64)
		check(err)
		body.Threshold = &threshold
	}
	if len(os.Args) > 4 {
		body.Model = os.Args[4]
	}
	found := send(url, body).Result
	check(os.WriteFile("out.jpg", found.Image, 0o644))
	for _, one := range found.Instances {
		x0, y0, x1, y1 := one.BBox[0], one.BBox[1], one.BBox[2], one.BBox[3]
		fmt.Printf("%s %.3f [%.1f, %.1f, %.1f, %.1f]\n", one.CategoryName, one.Score, x0, y0, x1, y1)
	}
}

func send(url string, body question) (found answer) {
	text, err := json.Marshal(body)
	check(err)
	client := http.Client{Timeout: 5 * time.Minute} // a model's first request loads it
	response, err := client.Post(url, "application/json", bytes.NewReader(text))
	check(err)
	defer response.Body.Close()
	check(json.NewDecoder(response.Body).Decode(&found))
	if response.StatusCode != http.StatusOK {
		log.Fatal(found.ErrorMsg)
	}
	return found
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
